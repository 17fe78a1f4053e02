"""The domain: jobs, their states, and the ledger that is the truth about them.

Knows neither Telegram nor Celery nor HTTP.
"""
