"""The one clock that all times of a job are of: the ledger's. A machine's own date may be wrong, or jump."""

import time
from collections.abc import Callable

import redis


def ask(client: "redis.Redis") -> float:
    """The ledger's time (Unix seconds) of this moment. Raises redis.RedisError."""
    seconds, micros = client.time()
    return float(seconds) + float(micros) / 1e6


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
