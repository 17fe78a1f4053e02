"""Celery in a plain design: a blocking task for each job, on whichever pool the worker has."""

import os

import lag_in_celery  # noqa: F401  its signals
from celery import Celery
from pipeline import make

app = Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 1
# Kombu's default of 10 is too small for the acknowledgements of many greenlets.
app.conf.broker_transport_options = {"max_connections": int(os.environ.get("SLOTS", "10")) + 10}


@app.task
def work(job_id: str) -> None:
    """Run a job."""
    make(job_id)


def publish(job_id: str) -> None:
    """Enqueue a job."""
    work.delay(job_id)
