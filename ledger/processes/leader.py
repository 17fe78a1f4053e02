"""A lock in Redis that lets one process at a time do a piece of work, and expires when that process dies."""

from collections.abc import Callable
from contextlib import suppress

import redis
from redis.exceptions import LockError

from ledger import keys
from ledger.scripts import ledger_errors


def alone(
    client: "redis.Redis", name: str, lapses_s: float, work: Callable[[], object]
) -> Callable[[], None]:
    """Return a function that does the work only if no other process is doing it, and else returns at once.

    Args:
        name: The name of the lock.
        lapses_s: Seconds after which the lock expires. A holder that has died keeps the others out for so
            long. Work that takes longer may run twice at a time, so that must be safe.
        work: The work.
    """

    def once() -> None:
        with ledger_errors():
            lock = client.lock(keys.lock(name), timeout=lapses_s, blocking=False)
            if not lock.acquire():
                # If Redis's clock was set back, the lock would last longer by that time.
                if client.pttl(lock.name) > lapses_s * 1000:
                    client.pexpire(lock.name, round(lapses_s * 1000))
                return
        try:
            work()
        finally:
            # An expired lock may belong to another process by now, and must not be released here.
            with ledger_errors(), suppress(LockError):
                lock.release()

    return once
