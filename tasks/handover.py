"""Handing work to other workers: a message at once where the broker takes it, else the sweep's next round."""

import structlog

from jobs.errors import LeaseLost, LedgerUnavailable
from jobs.model import Job
from jobs.states import ENDED, State
from ledger.admin.broadcasts import Broadcasts
from ledger.jobs import Ledger
from tasks.publish import Publisher

log = structlog.get_logger(__name__)


class Handover:
    """Publishes and gives back jobs. Nothing here fails: the ledger has every job, and the sweep finds those
    whose message is missing. What went wrong is logged."""

    def __init__(self, ledger: Ledger, publisher: Publisher) -> None:
        self._ledger = ledger
        self._publisher = publisher

    def publish_delivery(self, job_id: str) -> None:
        """Have the chat told now; where the broker is away, the sweep does it later."""
        try:
            self._publisher.publish_delivery(job_id)
        except LedgerUnavailable as error:
            log.warning("delivery not published; the sweep will", job=job_id, error=str(error))

    def publish_generation(self, job_id: str) -> None:
        """Have a worker take the job up now; where the broker is away, the sweep does it later."""
        try:
            if job := self._ledger.get(job_id):
                self._publisher.publish_generation(job)
        except LedgerUnavailable as error:
            log.warning("job not published; the sweep will", job=job_id, error=str(error))

    def hand_over(self, job: Job) -> None:
        """Give a held job to another worker, at once."""
        try:
            self._ledger.release(job)
            if job.state is State.DELIVERING or job.state in ENDED:
                self._publisher.publish_delivery(job.id)
            else:
                self._publisher.publish_generation(job)
        except (LeaseLost, LedgerUnavailable) as error:
            log.warning("hand-over not published; the sweep will", job=job.id, error=str(error))

    def put_off(self, job: Job, seconds: float) -> None:
        """Give a held job back; the sweep publishes it again when the seconds are over."""
        try:
            self._ledger.release(job, seconds)
        except (LeaseLost, LedgerUnavailable) as error:
            log.warning("job not handed back; its lease lapses", job=job.id, error=str(error))


def revive_broadcast(broadcasts: Broadcasts, publisher: Publisher) -> None:
    """Have another worker go on with a broadcast whose worker is gone. Raises LedgerUnavailable."""
    if overdue := broadcasts.revive():
        log.info("broadcast goes on", broadcast=overdue[0])
        publisher.publish_broadcast(*overdue)
