"""Two ways in which jobs arrive: as many as keep a lane saturated, and at given moments."""

import itertools
import threading
import time
from collections.abc import Iterable, Sequence
from random import Random
from types import TracebackType
from typing import Self

from bench.harness.stage import Stage
from jobs.model import Kind, Lane

_LOOK_S = 0.02


class Feed:
    """A thread that keeps `depth` jobs waiting in a lane; its users send in turn. A context manager.

    `sent` holds the ids of the admitted jobs; `depth` may be changed meanwhile. An error of the thread is
    raised at the end of the block.
    """

    def __init__(self, stage: Stage, lane: Lane, kind: Kind, users: Sequence[int], depth: int) -> None:
        self.sent: list[str] = []
        self._stage = stage
        self._lane = lane
        self._kind = kind
        self._users = itertools.cycle(users)
        self.depth = depth
        self._error: Exception | None = None
        self._saturated = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed-{lane}", daemon=True)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                for _ in range(self.depth - self._stage.waiting(self._lane)):
                    job_id = self._stage.send(next(self._users), self._kind)
                    if job_id is None:
                        break  # the lane is full
                    self.sent.append(job_id)
                self._saturated.set()
                self._stopped.wait(_LOOK_S)
        except Exception as error:  # kept for the thread that waits for this one
            self._error = error
            self._saturated.set()

    def __enter__(self) -> Self:
        """Start the thread and wait until the lane is saturated."""
        self._thread.start()
        if not self._saturated.wait(60):
            raise TimeoutError(f"lane {self._lane} was not saturated within 60 s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(60)
        if error is None and self._error is not None:
            raise self._error


def steady(random: Random, per_s: float, seconds: float) -> list[float]:
    """Return moments (seconds from the start) of a Poisson process with this rate."""
    moments = itertools.accumulate(random.expovariate(per_s) for _ in itertools.count())
    return list(itertools.takewhile(lambda moment: moment < seconds, moments))


def play(stage: Stage, kind: Kind, moments: Iterable[tuple[float, int]]) -> list[tuple[str, int]]:
    """Send a job at each moment by its user; return the jobs' ids and users."""
    start = time.monotonic()
    sent = []
    for moment, user in sorted(moments):
        time.sleep(max(0.0, start + moment - time.monotonic()))
        job_id = stage.send(user, kind)
        if job_id is None:
            raise RuntimeError("a job was turned away though nothing is limited")
        sent.append((job_id, user))
    return sent
