"""What virtual users mean to do, each deed at its time."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(order=True, slots=True)
class _Deed:
    due: float
    number: int
    do: Callable[[], object]


class Agenda:
    """Deeds by their time (`time.monotonic`); any thread may plan. `late_s`: how far it fell behind."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._deeds: list[_Deed] = []
        self._news = threading.Condition()
        self.late_s = 0.0

    def plan(self, due: float, do: Callable[[], object]) -> None:
        """Have it done then."""
        with self._news:
            heapq.heappush(self._deeds, _Deed(due, next(self._numbers), do))
            self._news.notify()

    def work_off(self) -> None:
        """Do all that is planned, what the deeds themselves plan too; returns when nothing is left."""
        while self._deeds:
            self._next(self._deeds[0].due)

    def work_until(self, end: float, on: Callable[[Callable[[], object]], object]) -> None:
        """Hand each deed to `on` when its time has come, until `end`; what is planned for later is left."""
        while time.monotonic() < end:
            self._next(end, on)

    def _next(self, end: float, on: Callable[[Callable[[], object]], object] = lambda do: do()) -> None:
        with self._news:
            due = self._deeds[0].due if self._deeds else end
            if (wait := min(due, end) - time.monotonic()) > 0:
                # A deed planned meanwhile may come before the one that is waited for.
                self._news.wait(wait)
                return
            if not self._deeds or due > end:
                return
            deed = heapq.heappop(self._deeds)
        self.late_s = max(self.late_s, time.monotonic() - deed.due)
        on(deed.do)
