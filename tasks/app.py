"""The Celery application. `celeryconfig.py` has all its settings."""

from celery import Celery

from tasks import broker

broker.install()
app = Celery("darkroom", config_source="celeryconfig")
