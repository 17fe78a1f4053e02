"""SAQ: a coroutine; a job that is stuck for longer than its timeout is swept and retried."""

import asyncio
import os
from typing import Any

from pipeline import DEADLINE_S, make_async
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])
_loop = asyncio.new_event_loop()


async def work(_context: dict[str, Any], *, job_id: str) -> None:
    """Run a job."""
    await make_async(job_id)


settings = {"queue": queue, "functions": [work], "concurrency": int(os.environ.get("SLOTS", "10"))}


def publish(job_id: str) -> None:
    """Enqueue a job."""
    _loop.run_until_complete(queue.enqueue("work", job_id=job_id, timeout=DEADLINE_S, retries=3))
