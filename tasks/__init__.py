"""The Celery app and its tasks. `celery -A tasks worker -Q img` finds the app here."""

from tasks.app import app

__all__ = ["app"]
