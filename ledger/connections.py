"""The connections of a process with an event loop to its two Redis servers, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import redis

from config.settings import Settings
from ledger.connection import connect, connect_async
from ledger.pipeline import SharedPipeline

ANSWER_S = 5.0
"""Longest wait (s) for one response of the ledger."""
CACHE_ANSWER_S = 1.0
"""Longest wait (s) for one response of the cache. Without a response, the result is generated again."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A process's connections. `client` blocks and is for threads; the pipelines are for the event loop."""

    client: "redis.Redis"
    pipeline: SharedPipeline
    cache_pipeline: SharedPipeline


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Connections]:
    """Open the connections for the block. Each connects at its first use, so no server has to be up yet."""
    client = connect(settings.ledger_redis())
    ledger = connect_async(settings.ledger_redis(), ANSWER_S)
    cache = connect_async(settings.cache_redis(), CACHE_ANSWER_S)
    pipelines = SharedPipeline(ledger, settings.redis_wait_replicas), SharedPipeline(cache)
    try:
        yield Connections(client, *pipelines)
    finally:
        for pipeline in pipelines:
            await pipeline.close()
        await cache.aclose()
        await ledger.aclose()
        client.close()
