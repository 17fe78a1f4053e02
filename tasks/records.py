"""The records in Redis that a worker process reads and writes."""

from dataclasses import dataclass

import redis

from config.settings import Settings
from ledger.admin.broadcasts import Broadcasts
from ledger.cache import Cache
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.people import People
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions


@dataclass(frozen=True, slots=True)
class Records:
    """The ledger and the records beside it.

    `client` connects to the ledger's Redis, `cache_client` to the cache's Redis, which may be another server.
    """

    client: "redis.Redis"
    cache_client: "redis.Redis"
    ledger: Ledger
    cache: Cache
    waiting: QueuePositions
    people: People
    broadcasts: Broadcasts

    def close(self) -> None:
        """Close all connections."""
        self.cache_client.close()
        self.client.close()


def open_records(settings: Settings, connections: int) -> Records:
    """Return the records, without connecting yet. The caller closes them.

    Args:
        settings: Has the addresses of both servers.
        connections: Most connections to each server at a time.
    """
    client = connect(settings.ledger_redis(), connections=connections)
    cache_client = connect(settings.cache_redis(), connections=connections)
    return Records(
        client=client,
        cache_client=cache_client,
        ledger=Ledger(client, settings),
        cache=Cache(cache_client, settings.cache_ttl_s, settings.bot_id),
        waiting=QueuePositions(client, Workers(client)),
        people=People(client),
        broadcasts=Broadcasts(client, settings),
    )
