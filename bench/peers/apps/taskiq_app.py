"""Taskiq: a coroutine on its Redis stream broker, the one with acknowledgements."""

import asyncio
import os

from pipeline import DEADLINE_S, make_async
from taskiq_redis import RedisStreamBroker

# A dead worker's message is claimed by another worker once it has idled for longer than a job may take.
broker = RedisStreamBroker(os.environ["REDIS_URL"], idle_timeout=DEADLINE_S * 1000)
_loop = asyncio.new_event_loop()


@broker.task
async def work(job_id: str) -> None:
    """Run a job."""
    await make_async(job_id)


def publish(job_id: str) -> None:
    """Enqueue a job."""
    _loop.run_until_complete(work.kiq(job_id))
