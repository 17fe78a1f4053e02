"""What a shared limit does while Redis is away: a circuit breaker that lets calls through without asking."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)
UNASKED_S = 2.0
"""After Redis has not answered, calls go out unasked for this long, in seconds: the other side's own limit
(Telegram's, the provider's) is the fallback."""


class FailOpen:
    """The circuit breaker of one shared limit in one process.

    Ask Redis unless `is_open`, and report each answer with `succeeded` or `failed`. The log has one line when
    Redis is lost and one when it is back, however often it is asked between. Not locked: share it between
    threads under a lock of your own.
    """

    def __init__(self, limit: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with Redis taken to be there.

        Args:
            limit: What the limit is called in the log.
            clock: The time in seconds.
        """
        self._limit = limit
        self._clock = clock
        self._open_until = clock()
        self._lost = False

    @property
    def is_open(self) -> bool:
        """Whether calls go out unasked at this moment."""
        return self._clock() < self._open_until

    def failed(self, error: Exception) -> None:
        """Redis has not answered: calls go out unasked for UNASKED_S."""
        self._open_until = self._clock() + UNASKED_S
        if not self._lost:
            self._lost = True
            _log.warning(f"{self._limit} is out of reach: calls go out", error=str(error))

    def succeeded(self) -> None:
        """Redis has answered."""
        if self._lost:
            self._lost = False
            _log.info(f"{self._limit} is back")
