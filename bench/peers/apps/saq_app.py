"""SAQ: a coroutine; a job that is stuck for longer than its time is swept up and tried again."""

import asyncio
import os
from typing import Any

from pipeline import DEADLINE_S, make_async
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])
_loop = asyncio.new_event_loop()


async def work(_context: dict[str, Any], *, job_id: str) -> None:
    """The job."""
    await make_async(job_id)


settings = {"queue": queue, "functions": [work], "concurrency": int(os.environ.get("SLOTS", "10"))}


def publish(job_id: str) -> None:
    """Enqueue it."""
    _loop.run_until_complete(queue.enqueue("work", job_id=job_id, timeout=DEADLINE_S, retries=3))
