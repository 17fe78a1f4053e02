"""The Celery app and its tasks. `celery -A tasks worker -Q img` finds the app here."""

import config  # noqa: F401 - before Celery reads it: a log that it is told to keep is private too
from tasks.app import app

__all__ = ["app"]
