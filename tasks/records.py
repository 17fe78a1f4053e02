"""What a worker process reads and writes in Redis."""

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
    """The ledger and what lies beside it. `client` is the ledger's connections, `cache_client` the cache's,
    which may be another server."""

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
    """Make them for so many threads that ask at a time. Nothing is asked yet. The caller closes them."""
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
