"""The Celery application. Everything it is set to stands in `celeryconfig.py`."""

from celery import Celery

app = Celery("darkroom", config_source="celeryconfig")
