"""One process at a time: a lock in Redis that lapses when its holder dies."""

from collections.abc import Callable
from contextlib import suppress

import redis
from redis.exceptions import LockError

from ledger import keys
from ledger.scripts import ledger_errors


def alone(
    client: "redis.Redis", name: str, lapses_s: float, work: Callable[[], object]
) -> Callable[[], None]:
    """`work`, done only where no other process is doing it; elsewhere the call returns at once.

    A holder that died keeps the others out for `lapses_s`. Work that outlasts the lock may meet a second
    one: it must be safe to do twice, only wasteful.
    """

    def once() -> None:
        with ledger_errors():
            lock = client.lock(keys.lock(name), timeout=lapses_s, blocking=False)
            if not lock.acquire():
                # Where the clock of Redis was put back, a lock would last for so much longer.
                if client.pttl(lock.name) > lapses_s * 1000:
                    client.pexpire(lock.name, round(lapses_s * 1000))
                return
        try:
            work()
        finally:
            # A lock that has lapsed may be another's by now, and is not ours to release.
            with ledger_errors(), suppress(LockError):
                lock.release()

    return once
