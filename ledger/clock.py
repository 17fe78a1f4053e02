"""The ledger's clock, which gives all times of a job. The clock of a single machine may be wrong, or jump."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from ledger import keys


def ask(client: "redis.Redis") -> float:
    """Return the ledger's present time (Unix seconds). Raises redis.RedisError."""
    with client.pipeline(transaction=False) as pipe:
        request(pipe)
        return read(*pipe.execute())


def request(pipe: Any) -> None:
    """Add the two commands to a pipeline whose replies `read` takes."""
    pipe.time()
    pipe.hmget(keys.clock(), "last", "ahead")


def read(time_of_redis: Sequence[int], written: Sequence[str | None]) -> float:
    """Return the ledger's time (Unix seconds), as `now_ms` in ledger/lua/shared/clock.lua does. Pure.

    Args:
        time_of_redis: Seconds and microseconds, as the command TIME returns them.
        written: The ledger's time (ms) when it was last stored, and by how much it was ahead of Redis's (ms).
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
    """A local copy of the ledger's clock.

    It is set whenever a reply of the ledger has the time in it. In between it goes on by this machine's
    monotonic clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None

    @property
    def known(self) -> bool:
        """Whether the clock was ever set."""
        return self._ahead is not None

    def learn(self, now: float) -> None:
        """Set the clock: the ledger has just said that it is `now` (Unix seconds)."""
        self._ahead = now - self._monotonic()

    def now(self) -> float:
        """Return the ledger's time (Unix seconds). Raises ValueError where the clock was never set."""
        return self.fixed()()

    def fixed(self) -> Callable[[], float]:
        """Return this clock as it goes now, unaffected by later settings.

        For a wait, which must become neither longer nor shorter when the clock is set right. Raises
        ValueError where the clock was never set.
        """
        if self._ahead is None:
            raise ValueError("the ledger has not told the time yet")
        ahead, monotonic = self._ahead, self._monotonic
        return lambda: ahead + monotonic()
