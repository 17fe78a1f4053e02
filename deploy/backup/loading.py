"""Loading a snapshot into Redis beside what is there, and putting it in its place in one step."""

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
# What only held for the processes of that time.
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
    """The restore was not begun, or has changed nothing; the message says why and what to do."""


def belongs(key: bytes) -> bool:
    """Whether a key is the ledger's and outlives its processes. The broker's messages are not restored: they
    are wake-ups, and the sweep publishes what has none."""
    return key.startswith(_PREFIX) and not key.startswith(_PASSING)


@contextmanager
def workbench(place: RedisPlace) -> Iterator["redis.Redis"]:
    """An empty database of the same Redis, emptied again at the end. Raises CannotRestore."""
    bench = place.in_db(15 if place.db != 15 else 14)
    with connect(bench, _WAIT_S) as client:
        if client.dbsize() and not client.exists(_MARKER):
            raise CannotRestore(
                f"database {bench.db} of this Redis holds something else, and the restore needs it: empty it"
            )
        # A restore that was killed has left its work behind.
        client.flushdb()
        client.set(_MARKER, "1")
        try:
            yield client
        finally:
            client.flushdb(asynchronous=True)


def load(client: "redis.Redis", data: mmap, db: int) -> tuple[int, list[str]]:
    """Load the ledger's keys with their times to live; answers how many, and the ids of its broadcasts.

    Raises CannotRestore where Redis refuses one, rdb.BadSnapshot where the snapshot is not whole.
    """
    # Times to live are by Redis's own clock.
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
    """Exchange the workbench with the ledger's database, in one step that every process sees at once."""
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(_MARKER)
        pipe.swapdb(bench, place.db)
        # What was the ledger is the workbench now, and goes.
        pipe.set(_MARKER, "1")
        pipe.execute()


def _send(pipe: Any) -> None:
    # Each command's own answer: redis-py's error for all of them would quote the values.
    for answer in pipe.execute(raise_on_error=False):
        if isinstance(answer, redis.ResponseError):
            hint = " (is this Redis older than that of the backup?)" if "DUMP payload" in str(answer) else ""
            raise CannotRestore(f"Redis refuses what is in the backup: {answer}{hint}")
        if isinstance(answer, Exception):
            raise answer
