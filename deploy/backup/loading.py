"""Loading a snapshot into a spare database of Redis, and exchanging it with the ledger in one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import Any

import redis

from config.redis_urls import RedisPlace
from deploy.backup import rdb
from ledger import keys
from ledger.connection import connect

_PREFIX = f"{keys.PREFIX}:".encode()
_MARKER = f"{keys.PREFIX}:restoring"
# Keys that only concern the processes that ran when the backup was taken.
_PASSING = tuple(
    key.encode()
    for key in (
        *(keys.workers(), keys.roster(), keys.worker(""), keys.lock(""), keys.excused(), keys.bucket("")),
        _MARKER,
    )
)
_BATCH_BYTES = 4 << 20
_WAIT_S = 60.0


class CannotRestore(Exception):
    """The restore was refused or failed, and changed nothing. The message says why and what to do."""


def belongs(key: bytes) -> bool:
    """Return whether a key is restored: it is the ledger's, and outlives the processes.

    The broker's messages are not restored. They only wake workers up, and the sweep publishes new ones.
    """
    return key.startswith(_PREFIX) and not key.startswith(_PASSING)


@contextmanager
def workbench(place: RedisPlace) -> Iterator["redis.Redis"]:
    """In the block, provide an empty spare database of the same Redis, which is emptied again at the end.

    Raises:
        CannotRestore: The spare database (15, or 14 if the ledger is in 15) holds something else.
    """
    bench = place.in_db(15 if place.db != 15 else 14)
    with connect(bench, _WAIT_S) as client:
        if client.dbsize() and not client.exists(_MARKER):
            raise CannotRestore(
                f"database {bench.db} of this Redis holds something else, and the restore needs it: empty it"
            )
        # A restore that was killed may have left keys behind.
        client.flushdb()
        client.set(_MARKER, "1")
        try:
            yield client
        finally:
            client.flushdb(asynchronous=True)


def load(client: "redis.Redis", data: mmap, db: int) -> tuple[int, list[str]]:
    """Load the ledger's keys from a snapshot, each with the time at which it expires.

    Args:
        client: The spare database.
        data: The RDB file.
        db: The ledger's database in the file.

    Returns:
        How many keys were loaded, and the ids of all broadcasts among them.

    Raises:
        CannotRestore: Redis refuses a key.
        rdb.BadSnapshot: The snapshot is not complete.
    """
    # Redis expires keys by its own clock.
    now_ms = client.time()[0] * 1000
    broadcasts, prefix = [], keys.broadcast("").encode()
    count = size = 0
    with client.pipeline(transaction=False) as pipe:
        for entry in rdb.entries(data):
            if entry.db != db or not belongs(entry.key) or 0 < entry.expires_ms <= now_ms:
                continue
            if entry.key.startswith(prefix):
                broadcasts.append(entry.key.removeprefix(prefix).decode())
            pipe.restore(entry.key, entry.expires_ms, entry.dump, absttl=True)
            count += 1
            size += len(entry.dump)
            if size > _BATCH_BYTES:
                _send(pipe)
                size = 0
        _send(pipe)
    return count, broadcasts


def put_in_place(client: "redis.Redis", bench: int, place: RedisPlace) -> None:
    """Exchange the spare database with the ledger's, in one step that every process sees at once."""
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(_MARKER)
        pipe.swapdb(bench, place.db)
        # The spare database now holds the old ledger. The marker lets `workbench` empty it.
        pipe.set(_MARKER, "1")
        pipe.execute()


def _send(pipe: Any) -> None:
    # The replies are checked one by one: the error that redis-py raises for a pipeline quotes the values.
    for answer in pipe.execute(raise_on_error=False):
        if isinstance(answer, redis.ResponseError):
            hint = " (is this Redis older than that of the backup?)" if "DUMP payload" in str(answer) else ""
            raise CannotRestore(f"Redis refuses what is in the backup: {answer}{hint}")
        if isinstance(answer, Exception):
            raise answer
