"""The scheduler of the simulated users: runs each action at its time."""

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
    """A queue of actions by their time (`time.monotonic`); any thread may add one.

    `late_s` is the longest delay of an action (s).
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._deeds: list[_Deed] = []
        self._news = threading.Condition()
        self.late_s = 0.0

    def plan(self, due: float, do: Callable[[], object]) -> None:
        """Schedule an action."""
        with self._news:
            heapq.heappush(self._deeds, _Deed(due, next(self._numbers), do))
            self._news.notify()

    def work_off(self) -> None:
        """Run all actions, also those that they schedule; return when none is left."""
        while self._deeds:
            self._next(self._deeds[0].due)

    def work_until(self, end: float, on: Callable[[Callable[[], object]], object]) -> None:
        """Hand each action to `on` at its time, until `end`; later actions are left."""
        while time.monotonic() < end:
            self._next(end, on)

    def _next(self, end: float, on: Callable[[Callable[[], object]], object] = lambda do: do()) -> None:
        with self._news:
            due = self._deeds[0].due if self._deeds else end
            if (wait := min(due, end) - time.monotonic()) > 0:
                # An action scheduled meanwhile may come before the one that is waited for.
                self._news.wait(wait)
                return
            if not self._deeds or due > end:
                return
            deed = heapq.heappop(self._deeds)
        self.late_s = max(self.late_s, time.monotonic() - deed.due)
        on(deed.do)
