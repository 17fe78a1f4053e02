"""The Celery app and its tasks. `celery -A tasks worker -Q img` finds the app here."""

import config  # noqa: F401 - first, so that a log file which Celery opens is private too
from tasks.app import app

__all__ = ["app"]
