"""The sweep: it finds jobs whose worker or message was lost, and publishes them again."""

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
"""Most overdue jobs, and most waiting jobs of a lane, that a round examines. So a round stays short, and the
next one begins with the rest."""


class Sweep:
    """Makes the rounds: one every SWEEP_S seconds, in one process at a time (see ledger.processes.leader)."""

    def __init__(
        self, settings: Settings, ledger: Ledger, waiting: QueuePositions, publisher: Publisher
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._waiting = waiting
        self._publisher = publisher
        self._missing: dict[Lane, int] = {}

    def round(self) -> None:
        """Publish jobs that are overdue, and waiting jobs in lanes whose messages are gone."""
        self._missing = {lane: self._messages_missing(lane) for lane in GENERATION_LANES}
        for job_id in self._ledger.due.find(_LOOKS):
            self._alone(job_id, self._look)
        for lane in GENERATION_LANES:
            self._find_lost(lane)

    def _alone(self, job_id: str, look: Callable[[str], None]) -> None:
        """Examine one job. An error of ours is logged and counted, and does not stop the round."""
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
            # `postpone` drops the ids of jobs that are gone. If the job has a record, this release cannot
            # read it.
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
        """Publish the job again. Another message for the same job does no harm."""
        if self._ledger.due.postpone(job.id, again_in_s):
            log.info("published again", job=job.id, state=job.state)
            self._publisher.publish_generation(self._ledger.get(job.id) or job)
            self._ledger.published(job.id)

    def _messages_missing(self, lane: Lane) -> int:
        """Return how many more jobs than messages wait in a lane; 0 while the lane is paused."""
        waiting = self._waiting.count(lane)
        if not waiting or self._waiting.is_paused(lane):
            return 0
        return waiting - self._publisher.backlog(lane)

    def _find_lost(self, lane: Lane) -> None:
        """Publish waiting jobs in a lane that has no messages, as after a worker that died between taking a
        message and claiming a job."""
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
    """Return `work`, which excuses expired leases first if the last call found Redis away.

    Leases that expired while Redis was away then do not count as crashes. Only a process that was there can
    tell: to a new process, a Redis that was away looks the same as workers that all died.
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
