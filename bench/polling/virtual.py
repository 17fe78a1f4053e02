"""Virtual time: threads that sleep for hours in a moment, one at a time, in the order of their waits.

Code that waits through a slot runs here as it is in a worker, tenacity and all; only the clock is another.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Any

Act = Callable[[], None]


class VirtualTime:
    """The clock (`now`, seconds) and all that is to happen. Nothing runs but what `run` lets run."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Act]] = []
        self._order = itertools.count()
        self._back = threading.Semaphore(0)
        self._error: BaseException | None = None

    def clock(self) -> float:
        """The present time."""
        return self.now

    def at(self, moment: float, act: Act) -> None:
        """Have something happen then. It may not wait."""
        heapq.heappush(self._events, (moment, next(self._order), act))

    def start(self, moment: float, work: Act) -> None:
        """Run `work` from then on in a thread of its own; it waits by `Sleeper.wait`."""

        def body() -> None:
            try:
                work()
            except BaseException as error:  # raised again where the run is waited for
                self._error = error
            finally:
                self._back.release()

        def begin() -> None:
            threading.Thread(target=body, daemon=True).start()
            self._back.acquire()

        self.at(moment, begin)

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing is left to happen, or until then. Raises what a thread raised."""
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heapq.heappop(self._events)
            act()
            if self._error is not None:
                raise self._error

    def pause(self, gate: threading.Semaphore) -> None:
        """Give the turn back, until the gate is opened."""
        self._back.release()
        gate.acquire()

    def resume(self, gate: threading.Semaphore) -> None:
        """Open a gate, and wait until that thread waits again or ends."""
        gate.release()
        self._back.acquire()


class Sleeper:
    """What a `tasks.slots.Slot` is to the code that waits: its job, and a wait that can be cut short."""

    def __init__(self, time: VirtualTime, job: Any) -> None:
        self.job = job
        self._time = time
        self._gate = threading.Semaphore(0)
        self._waiting: object = None
        self._woken = False

    def check(self) -> None:
        """There is never a reason to stop."""

    def wait(self, seconds: float) -> bool:
        """Pause; True when woken before, or since the last wait."""
        if not self._woken:
            self._waiting = mine = object()
            self._time.at(self._time.now + seconds, lambda: self._end(mine))
            self._time.pause(self._gate)
        woken, self._woken = self._woken, False
        return woken

    def wake(self) -> None:
        """End the present or the next wait; to be called by what happens `at` a moment."""
        self._woken = True
        self._end(self._waiting)

    def _end(self, waiting: object) -> None:
        if waiting is not None and waiting is self._waiting:
            self._waiting = None
            self._time.resume(self._gate)
