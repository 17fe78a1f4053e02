"""What a shared limit does while Redis is away: a circuit breaker that lets calls through without asking."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)
UNASKED_S = 2.0
"""Time (s) for which calls go out without asking Redis, after Redis has not answered. The other side's own
limit (Telegram's, the provider's) is the fallback."""


class FailOpen:
    """The circuit breaker of one shared limit in one process.

    Ask Redis unless `is_open`, and report each outcome with `succeeded` or `failed`. The log has one line
    when Redis is lost and one when it is back, however many calls fail in between. The class has no lock:
    threads that share an instance need a lock of their own.
    """

    def __init__(self, limit: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with the breaker closed: Redis is asked.

        Args:
            limit: The limit's name in the log.
            clock: Returns the time in seconds.
        """
        self._limit = limit
        self._clock = clock
        self._open_until = clock()
        self._lost = False

    @property
    def is_open(self) -> bool:
        """Whether calls go out without asking Redis at this moment."""
        return self._clock() < self._open_until

    def failed(self, error: Exception) -> None:
        """Open the breaker for UNASKED_S: Redis has not answered."""
        self._open_until = self._clock() + UNASKED_S
        if not self._lost:
            self._lost = True
            _log.warning(f"{self._limit} is out of reach: calls go out", error=str(error))

    def succeeded(self) -> None:
        """Log that Redis is back, if it was lost."""
        if self._lost:
            self._lost = False
            _log.info(f"{self._limit} is back")
