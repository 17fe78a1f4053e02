"""Dramatiq: an actor on threads, on its Redis broker."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from pipeline import DEADLINE_S, make

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


@dramatiq.actor(max_retries=3, time_limit=DEADLINE_S * 1000)
def work(job_id: str) -> None:
    """Run a job."""
    make(job_id)


def publish(job_id: str) -> None:
    """Enqueue a job."""
    work.send(job_id)
