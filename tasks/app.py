"""The Celery application. Everything it is set to stands in `celeryconfig.py`."""

from celery import Celery

from tasks import broker

broker.install()
app = Celery("darkroom", config_source="celeryconfig")
