"""A thread beside the slots that does one piece of work periodically, and survives its errors."""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Background:
    """A thread that calls `work` every `period_s` seconds until it is closed.

    An error of `work` is logged; the next call comes as usual.
    """

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
        """Stop after the present round; wait at most `within_s` seconds for its end."""
        self._stopped.set()
        self._thread.join(within_s)
