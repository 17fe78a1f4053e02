"""A thread beside the slots that does one thing again and again, and outlives its errors."""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Background:
    """Calls `work` every `period_s` seconds until it is closed; a failure is logged and ends one round."""

    def __init__(self, name: str, period_s: float, work: Callable[[], None]) -> None:
        self._period = period_s
        self._work = work
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._work()
            except Exception as error:
                # One line for each round is enough while Redis is away; the trace is there at DEBUG.
                log.warning("background work failed", work=self._thread.name, error=repr(error))
                log.debug("background work failed", exc_info=True)
            self._stopped.wait(self._period)

    def close(self, within_s: float = 5.0) -> None:
        """Stop after the present round, and wait for its end this long."""
        self._stopped.set()
        self._thread.join(within_s)
