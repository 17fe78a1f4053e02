"""The one clock that all times of a job are of: the ledger's. A machine's own date may be wrong, or jump."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from ledger import keys


def ask(client: "redis.Redis") -> float:
    """The ledger's time (Unix seconds) of this moment. Raises redis.RedisError."""
    with client.pipeline(transaction=False) as pipe:
        request(pipe)
        return read(*pipe.execute())


def request(pipe: Any) -> None:
    """Put the two commands into a pipeline whose answers `read` takes."""
    pipe.time()
    pipe.hmget(keys.clock(), "last", "ahead")


def read(time_of_redis: Sequence[int], written: Sequence[str | None]) -> float:
    """Return the ledger's time (Unix seconds), as `now_ms` in ledger/lua/shared/clock.lua tells it. Pure.

    Args:
        time_of_redis: Seconds and microseconds, as TIME answers them.
        written: When the ledger's time was last written down, and how far it was ahead of Redis's (ms).
    """
    raw = time_of_redis[0] * 1000 + time_of_redis[1] / 1000
    last, ahead = written
    if last is None or ahead is None:
        return raw / 1000
    passed = raw + int(ahead) - int(last)
    if passed < 0:
        return int(last) / 1000 + 1
    return (int(last) + passed - min(int(ahead), passed / 10)) / 1000


class Clock:
    """Tells the ledger's time between two answers that had it in them; what passes in between is measured by
    this machine's monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None

    @property
    def known(self) -> bool:
        """Whether it was ever told the time."""
        return self._ahead is not None

    def learn(self, now: float) -> None:
        """The ledger has just said that it is `now` (Unix seconds)."""
        self._ahead = now - self._monotonic()

    def now(self) -> float:
        """The ledger's time (Unix seconds). Raises ValueError where it was never told."""
        return self.fixed()()

    def fixed(self) -> Callable[[], float]:
        """This clock as it goes now, whatever it learns later: for a wait, which a clock that is put right
        must make neither longer nor shorter. Raises ValueError as `now` does."""
        if self._ahead is None:
            raise ValueError("the ledger has not told the time yet")
        ahead, monotonic = self._ahead, self._monotonic
        return lambda: ahead + monotonic()
