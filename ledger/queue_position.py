"""Where a waiting job stands in its lane, and about how long it still takes."""

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
"""Past durations kept for each model."""
_SLOTS_HOLD_S = 2.0
LADDER = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987)


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """`position` 1 is next; `eta_s` is the expected time from now to the result, in seconds. `paused`: an
    admin has paused the lane, and nobody can tell how long it takes."""

    position: int
    eta_s: float
    paused: bool = False

    @property
    def shown(self) -> int:
        """What the job's chat is noted to show: the ladder's step, below zero in a paused lane."""
        return -rung(self.position) if self.paused else rung(self.position)


def estimate(position: int, slots: int, durations: Sequence[float], typical_s: float) -> float:
    """Seconds until the job at `position` is done: `slots` side by side, each at the median past duration."""
    each = statistics.median(durations) if durations else typical_s
    return each * math.ceil(position / max(1, slots))


def rung(position: int) -> int:
    """The ladder's step that a position is shown as: the smallest one that is not below it."""
    return next((step for step in LADDER if step >= position), position)


class QueuePositions:
    """Positions and expectations. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", workers: Workers) -> None:
        self._redis = client
        self._workers = workers
        self._slots: dict[str, tuple[float, int]] = {}

    def place(self, job: Job, typical_s: float) -> QueuePosition | None:
        """The job's place, None once it is claimed. `typical_s` serves until the model has past durations."""
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
        """Seconds until a job of `model` at this position of the lane is done."""
        past, _ = self.past(model)
        return estimate(position, self._slots_of(lane), past, typical_s)

    def _slots_of(self, lane: str) -> int:
        # They change with workers that come and go, and asking costs the more the more there are.
        now = time.monotonic()
        at, slots = self._slots.get(lane, (-_SLOTS_HOLD_S, 0))
        if now - at >= _SLOTS_HOLD_S:
            slots = self._workers.slots(lane)
            self._slots[lane] = (now, slots)
        return slots

    def past(self, model: str) -> tuple[list[float], int]:
        """The durations of a model's latest predictions (seconds, newest first), and how many predictions of
        all models are waited for at this moment. One round trip."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(keys.durations(model), 0, -1)
            pipe.zcard(keys.in_state(State.RUNNING))
            durations, active = pipe.execute()
        return [float(value) for value in durations], int(active)

    def count(self, lane: str) -> int:
        """A lane's waiting jobs."""
        with ledger_errors():
            found: Any = self._redis.zcard(keys.waiting(lane))
        return int(found)

    def first(self, lane: str, limit: int) -> list[str]:
        """Ids of a lane's waiting jobs in the order in which they are given out."""
        with ledger_errors():
            found: Any = self._redis.zrange(keys.waiting(lane), 0, limit - 1)
        return list(found)

    def shown(self, lane: str, limit: int) -> list[tuple[str, int]]:
        """A lane's first waiting jobs in order, each with the position that its chat shows (0: none yet)."""
        ids = self.first(lane, limit)
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hget(keys.job(job_id), "shown")
            return [(job_id, int(row or 0)) for job_id, row in zip(ids, pipe.execute(), strict=True)]

    def show(self, job_id: str, place: QueuePosition) -> None:
        """The job's chat shows this place now. Nothing is written where the job is gone."""
        with ledger_errors():
            if self._redis.exists(keys.job(job_id)):
                self._redis.hset(keys.job(job_id), "shown", place.shown)

    def is_paused(self, lane: str) -> bool:
        """Whether an admin has paused the lane: its jobs wait, and keep their places."""
        with ledger_errors():
            return bool(self._redis.sismember(keys.paused(), lane))

    def took(self, model: str, seconds: float) -> None:
        """Remember how long a prediction of this model took, from its submission to its end."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.lpush(keys.durations(model), f"{seconds:.3f}")
            pipe.ltrim(keys.durations(model), 0, REMEMBERED - 1)
            pipe.execute()
