"""No task queue: one coroutine for each job, ids from a Redis list. It shows the most that can be held."""

import asyncio
import os
import time

import lag
import redis.asyncio
from pipeline import make_async, store

QUEUE = "peer:poller"


def publish(job_id: str) -> None:
    """Enqueue a job."""
    store().rpush(QUEUE, job_id)


async def main() -> None:
    """Start each job at once, until the process is stopped."""
    client = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    async with client, asyncio.TaskGroup() as group:
        group.create_task(_watch())
        while True:
            if taken := await client.blpop([QUEUE], timeout=1):
                group.create_task(make_async(taken[1]))


async def _watch() -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(lag.EVERY_S)
        lag.note(began)


if __name__ == "__main__":
    asyncio.run(main())
