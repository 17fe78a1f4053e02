"""Virtual time: threads that sleep for hours in a moment, one at a time, in the order of their waits.

Code that waits through a slot runs here as in a worker, including tenacity; only the clock differs.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Any

Act = Callable[[], None]


class VirtualTime:
    """The clock (`now`, seconds) and the queue of events. A thread runs only while `run` lets it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Act]] = []
        self._order = itertools.count()
        self._back = threading.Semaphore(0)
        self._error: BaseException | None = None

    def clock(self) -> float:
        """Return the current virtual time."""
        return self.now

    def at(self, moment: float, act: Act) -> None:
        """Schedule an event, which may not wait."""
        heapq.heappush(self._events, (moment, next(self._order), act))

    def start(self, moment: float, work: Act) -> None:
        """Run `work` in its own thread from that moment on; it waits by `Sleeper.wait`."""

        def body() -> None:
            try:
                work()
            except BaseException as error:  # raised again in `run`
                self._error = error
            finally:
                self._back.release()

        def begin() -> None:
            threading.Thread(target=body, daemon=True).start()
            self._back.acquire()

        self.at(moment, begin)

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until no event is left, or until `until`.

        Raises:
            BaseException: What a thread raised.
        """
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heapq.heappop(self._events)
            act()
            if self._error is not None:
                raise self._error

    def pause(self, gate: threading.Semaphore) -> None:
        """Let `run` go on, and wait until the gate is opened."""
        self._back.release()
        gate.acquire()

    def resume(self, gate: threading.Semaphore) -> None:
        """Open a gate, and wait until its thread waits again or ends."""
        gate.release()
        self._back.acquire()


class Sleeper:
    """Stands in for `tasks.slots.Slot`: its job, and a wait that can be cut short."""

    def __init__(self, time: VirtualTime, job: Any) -> None:
        self.job = job
        self._time = time
        self._gate = threading.Semaphore(0)
        self._waiting: object = None
        self._woken = False

    def check(self) -> None:
        """Never stop the job."""

    def wait(self, seconds: float) -> bool:
        """Wait; return True if woken early, or since the last wait."""
        if not self._woken:
            self._waiting = mine = object()
            self._time.at(self._time.now + seconds, lambda: self._end(mine))
            self._time.pause(self._gate)
        woken, self._woken = self._woken, False
        return woken

    def wake(self) -> None:
        """End the current or the next wait; may only be called by an event."""
        self._woken = True
        self._end(self._waiting)

    def _end(self, waiting: object) -> None:
        if waiting is not None and waiting is self._waiting:
            self._waiting = None
            self._time.resume(self._gate)
