"""The sweep finds jobs that nobody works on, and puts them on their way again."""

from collections.abc import Callable

import structlog

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import GENERATION_LANES, Job, Lane
from jobs.states import GENERATING, State
from ledger.jobs import Ledger
from ledger.queue_position import QueuePositions
from tasks.publish import Publisher

log = structlog.get_logger(__name__)
_LOOKS = 100
"""Jobs looked at in one round: a round stays short, and what is left is first in the next one."""


class Sweep:
    """`round` is called every SWEEP_S seconds in one process at a time (see ledger.processes.leader)."""

    def __init__(
        self, settings: Settings, ledger: Ledger, waiting: QueuePositions, publisher: Publisher
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._waiting = waiting
        self._publisher = publisher
        self._missing: dict[Lane, int] = {}

    def round(self) -> None:
        """Look at every job that is overdue, and at every lane whose messages are gone."""
        self._missing = {lane: self._messages_missing(lane) for lane in GENERATION_LANES}
        for job_id in self._ledger.due.find(_LOOKS):
            self._alone(job_id, self._look)
        for lane in GENERATION_LANES:
            self._find_lost(lane)

    def _alone(self, job_id: str, look: Callable[[str], None]) -> None:
        """Look at one job. What is wrong with it stops none of the others."""
        try:
            look(job_id)
        except LedgerUnavailable:
            raise
        except Exception as error:
            log.exception("job passed over", job=job_id, error=repr(error))
            self._ledger.due.pass_over(job_id, self._settings.lease_s)

    def _look(self, job_id: str) -> None:
        job = self._ledger.get(job_id)
        if job is None:
            # The ids of jobs that are gone go. Where there is a record, this release cannot read it.
            if self._ledger.due.postpone(job_id, self._settings.lease_s):
                log.error("job passed over", job=job_id, error="its record cannot be read")
                self._ledger.due.pass_over(job_id, self._settings.lease_s)
        elif job.state is State.ACCEPTED:
            self._publish(job, again_in_s=self._settings.requeue_s)
        elif job.state is State.QUEUED and self._missing[job.lane] <= 0:
            self._ledger.due.postpone(job_id, self._settings.requeue_s)
        elif job.state is State.QUEUED:
            self._missing[job.lane] -= 1
            self._publish(job, again_in_s=self._settings.requeue_s)
        elif job.state in GENERATING or job.state is State.UNKNOWN:
            self._publish(job, again_in_s=self._settings.lease_s)
        elif self._ledger.due.postpone(job_id, self._settings.lease_s):
            self._publisher.publish_delivery(job_id)

    def _publish(self, job: Job, *, again_in_s: float) -> None:
        """Whatever became of the first message, this one brings the job to a worker; both do no harm."""
        if self._ledger.due.postpone(job.id, again_in_s):
            log.info("published again", job=job.id, state=job.state)
            self._publisher.publish_generation(self._ledger.get(job.id) or job)
            self._ledger.published(job.id)

    def _messages_missing(self, lane: Lane) -> int:
        """How many more jobs than messages wait in a lane; 0 while it is paused."""
        waiting = self._waiting.count(lane)
        if not waiting or self._waiting.is_paused(lane):
            return 0
        return waiting - self._publisher.backlog(lane)

    def _find_lost(self, lane: Lane) -> None:
        """Jobs in a lane that has no message for them: a worker died between taking and claiming."""
        first = self._waiting.first(lane, _LOOKS)
        if not first or self._waiting.is_paused(lane) or self._publisher.backlog(lane):
            return
        now = self._ledger.now()

        def look(job_id: str) -> None:
            job = self._ledger.get(job_id)
            if job is None or job.state is not State.QUEUED:
                return
            if now - job.stamps["queued"] >= self._settings.unpublished_s:
                self._ledger.due.hasten(job_id)
                self._publish(job, again_in_s=self._settings.requeue_s)

        for job_id in first:
            self._alone(job_id, look)


def excusing(ledger: Ledger, work: Callable[[], None]) -> Callable[[], None]:
    """`work`; where one call found Redis away, the next one first excuses the leases that lapsed meanwhile.

    Only a process that lived through it can know: to a new one, a Redis that was away and workers that all
    died look the same.
    """
    away = False

    def once() -> None:
        nonlocal away
        try:
            if away:
                ledger.due.excuse()
                away = False
            work()
        except LedgerUnavailable:
            away = True
            raise

    return once
