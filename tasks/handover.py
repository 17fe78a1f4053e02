"""Handing work to other workers: by a message at once if the broker takes it, else by the sweep."""

import structlog

from jobs.errors import LeaseLost, LedgerUnavailable
from jobs.model import Job
from jobs.states import ENDED, State
from ledger.admin.broadcasts import Broadcasts
from ledger.jobs import Ledger
from tasks.publish import Publisher

log = structlog.get_logger(__name__)


class Handover:
    """Publishes and releases jobs. Its methods log errors of the ledger and the broker instead of raising
    them: the ledger has every job, and the sweep finds the jobs whose message is missing."""

    def __init__(self, ledger: Ledger, publisher: Publisher) -> None:
        self._ledger = ledger
        self._publisher = publisher

    def publish_delivery(self, job_id: str) -> None:
        """Publish the job's delivery; the sweep publishes it later if the broker is away."""
        try:
            self._publisher.publish_delivery(job_id)
        except LedgerUnavailable as error:
            log.warning("delivery not published; the sweep will", job=job_id, error=str(error))

    def publish_generation(self, job_id: str) -> None:
        """Publish the job for a worker; the sweep publishes it later if the broker is away."""
        try:
            if job := self._ledger.get(job_id):
                self._publisher.publish_generation(job)
        except LedgerUnavailable as error:
            log.warning("job not published; the sweep will", job=job_id, error=str(error))

    def hand_over(self, job: Job) -> None:
        """Release a held job, and publish it for another worker at once."""
        try:
            self._ledger.release(job)
            if job.state is State.DELIVERING or job.state in ENDED:
                self._publisher.publish_delivery(job.id)
            else:
                self._publisher.publish_generation(job)
        except (LeaseLost, LedgerUnavailable) as error:
            log.warning("hand-over not published; the sweep will", job=job.id, error=str(error))

    def put_off(self, job: Job, seconds: float) -> None:
        """Release a held job. The sweep publishes it again after `seconds`."""
        try:
            self._ledger.release(job, seconds)
        except (LeaseLost, LedgerUnavailable) as error:
            log.warning("job not handed back; its lease lapses", job=job.id, error=str(error))


def revive_broadcast(broadcasts: Broadcasts, publisher: Publisher) -> None:
    """Publish the next turn of a broadcast whose worker is gone. Raises LedgerUnavailable."""
    if overdue := broadcasts.revive():
        log.info("broadcast goes on", broadcast=overdue[0])
        publisher.publish_broadcast(*overdue)
