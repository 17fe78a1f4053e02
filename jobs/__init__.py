"""The domain: jobs, their states and failures, and pure rules, without Redis, Telegram or Celery."""
