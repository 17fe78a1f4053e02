"""What stories about spools need: one process's pipeline, time that passes, and patience."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from patience import LONG_S

from config.redis_urls import RedisPlace
from ledger import keys
from ledger.connection import connect, connect_async
from ledger.pipeline import SharedPipeline


@asynccontextmanager
async def opened(place: RedisPlace, timeout_s: float = 2) -> AsyncIterator[SharedPipeline]:
    """What one process has."""
    client = connect_async(place, timeout_s)
    pipeline = SharedPipeline(client)
    try:
        yield pipeline
    finally:
        await pipeline.close()
        await client.aclose()


def age(url: str, spool: str, seconds: float) -> None:
    """Let so much time pass for all that a spool keeps."""
    with connect(url) as client:
        for each, at in client.zrange(keys.spool(spool), 0, -1, withscores=True):
            client.zadd(keys.spool(spool), {each: at - seconds * 1000})
            left = client.pttl(keys.spooled(spool, each))
            client.pexpire(keys.spooled(spool, each), left - round(seconds * 1000))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it, at most 10 s."""
    async with asyncio.timeout(LONG_S):
        while not condition():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)
