"""The position of a waiting job in its lane, and the estimated time to its result."""

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from jobs.model import Job
from jobs.states import State
from ledger import keys
from ledger.processes.workers import Workers
from ledger.scripts import ledger_errors

REMEMBERED = 50
"""Number of past durations kept for each model."""
_SLOTS_HOLD_S = 2.0
LADDER = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987)


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The position of a job in its lane.

    Attributes:
        position: 1 for the next job.
        eta_s: The expected time (s) from now to the result.
        paused: Whether an admin has paused the lane; then nobody can tell how long the job takes.
    """

    position: int
    eta_s: float
    paused: bool = False

    @property
    def shown(self) -> int:
        """The number that is recorded for the job's chat: the step of LADDER, negative in a paused lane."""
        return -rung(self.position) if self.paused else rung(self.position)


def estimate(position: int, slots: int, durations: Sequence[float], typical_s: float) -> float:
    """Return the seconds until the job at `position` is done.

    The estimate has `slots` jobs run in parallel, each for the median past duration; without past durations,
    for `typical_s`.
    """
    each = statistics.median(durations) if durations else typical_s
    return each * math.ceil(position / max(1, slots))


def rung(position: int) -> int:
    """Return the step of LADDER that a position is shown as: the smallest step that is not below it."""
    return next((step for step in LADDER if step >= position), position)


class QueuePositions:
    """The positions and estimates. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", workers: Workers) -> None:
        self._redis = client
        self._workers = workers
        self._slots: dict[str, tuple[float, int]] = {}

    def place(self, job: Job, typical_s: float) -> QueuePosition | None:
        """Return the position of a job; None once a worker has claimed it.

        `typical_s` is the model's duration as long as there are no past durations.
        """
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.zrank(keys.waiting(job.lane), job.id)
            pipe.sismember(keys.paused(), job.lane)
            rank, paused = pipe.execute()
        if rank is None:
            return None
        position = int(rank) + 1
        return QueuePosition(
            position, self.expect(job.lane, job.request.model, position, typical_s), bool(paused)
        )

    def expect(self, lane: str, model: str, position: int, typical_s: float) -> float:
        """Return the seconds until a job of `model` at this position of the lane is done."""
        past, _ = self.past(model)
        return estimate(position, self._slots_of(lane), past, typical_s)

    def _slots_of(self, lane: str) -> int:
        # The number changes with workers that come and go. Asking costs more, the more workers there are.
        now = time.monotonic()
        at, slots = self._slots.get(lane, (-_SLOTS_HOLD_S, 0))
        if now - at >= _SLOTS_HOLD_S:
            slots = self._workers.slots(lane)
            self._slots[lane] = (now, slots)
        return slots

    def past(self, model: str) -> tuple[list[float], int]:
        """Return the durations of a model's latest predictions, and the number of running ones of all models.

        The durations are in seconds, newest first. Takes one round trip.
        """
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(keys.durations(model), 0, -1)
            pipe.zcard(keys.in_state(State.RUNNING))
            durations, active = pipe.execute()
        return [float(value) for value in durations], int(active)

    def count(self, lane: str) -> int:
        """Return the number of jobs that wait in a lane."""
        with ledger_errors():
            found: Any = self._redis.zcard(keys.waiting(lane))
        return int(found)

    def first(self, lane: str, limit: int) -> list[str]:
        """Return the ids of a lane's first waiting jobs, in the order in which they will be claimed."""
        with ledger_errors():
            found: Any = self._redis.zrange(keys.waiting(lane), 0, limit - 1)
        return list(found)

    def shown(self, lane: str, limit: int) -> list[tuple[str, int]]:
        """Return a lane's first waiting jobs in order, each with the position its chat shows (0: none)."""
        ids = self.first(lane, limit)
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hget(keys.job(job_id), "shown")
            return [(job_id, int(row or 0)) for job_id, row in zip(ids, pipe.execute(), strict=True)]

    def show(self, job_id: str, place: QueuePosition) -> None:
        """Record that the job's chat shows this position now, unless the job is no longer kept."""
        with ledger_errors():
            if self._redis.exists(keys.job(job_id)):
                self._redis.hset(keys.job(job_id), "shown", place.shown)

    def is_paused(self, lane: str) -> bool:
        """Return whether an admin has paused the lane; its jobs then wait and keep their positions."""
        with ledger_errors():
            return bool(self._redis.sismember(keys.paused(), lane))

    def took(self, model: str, seconds: float) -> None:
        """Record how long a prediction of this model took, from its submission to its end."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.lpush(keys.durations(model), f"{seconds:.3f}")
            pipe.ltrim(keys.durations(model), 0, REMEMBERED - 1)
            pipe.execute()
