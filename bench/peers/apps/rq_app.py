"""RQ: one blocking job in each worker process."""

import os
from functools import cache

import redis
from pipeline import DEADLINE_S, make
from rq import Queue, Retry


def work(job_id: str) -> None:
    """Run a job."""
    make(job_id)


@cache
def _queue() -> Queue:
    return Queue(connection=redis.Redis.from_url(os.environ["REDIS_URL"]))


def publish(job_id: str) -> None:
    """Enqueue a job."""
    _queue().enqueue(work, job_id, job_timeout=DEADLINE_S, retry=Retry(max=3))
