"""arq: a coroutine; a job of a dead worker runs again when its timeout is over."""

import asyncio
import os
from functools import cache
from typing import Any, ClassVar

from arq import ArqRedis, create_pool
from arq.connections import RedisSettings
from pipeline import DEADLINE_S, make_async

REDIS = RedisSettings.from_dsn(os.environ["REDIS_URL"])
_loop = asyncio.new_event_loop()


async def work(_context: dict[str, Any], job_id: str) -> None:
    """Run a job."""
    await make_async(job_id)


class WorkerSettings:
    """The settings that `arq arq_app.WorkerSettings` runs."""

    functions: ClassVar = [work]
    redis_settings = REDIS
    max_jobs = int(os.environ.get("SLOTS", "10"))
    job_timeout = DEADLINE_S


@cache
def _pool() -> ArqRedis:
    return _loop.run_until_complete(create_pool(REDIS))


def publish(job_id: str) -> None:
    """Enqueue a job."""
    _loop.run_until_complete(_pool().enqueue_job("work", job_id))
