"""Everything that Darkroom keeps in Redis: above all the record of every job, which is the truth about it.

The package knows neither Telegram nor Celery nor HTTP.
"""
