"""The jobs that this process is working on: each a slot with a lease, a wake-up, and reasons to stop."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import structlog

from jobs.errors import DarkroomError, LeaseLost
from jobs.model import Job, Lane
from ledger.jobs import Ledger, Renewal, Stage

IDLE = "nothing to do"
"""What a task says for whose message there is no job: it was taken or has ended, or the process stops."""


class CancelWanted(DarkroomError):
    """The job's owner wants it to end."""


class HandOver(DarkroomError):
    """This process stops; another worker goes on with the job."""


class Slot:
    """One held job. `job` is the record as of the last write, `shown` the percentage that its chat shows,
    `heard` whether it was woken by news since the last beat; `wait` is every pause that the work makes."""

    def __init__(self, job: Job, stage: Stage = Stage.GENERATE) -> None:
        self.job = job
        self.lane = job.lane if stage is Stage.GENERATE else Lane.DELIVER
        self.lost = False
        self.cancel = job.cancel
        self.draining = False
        self.heard = False
        self.shown = -1
        self._woken = threading.Event()

    def wake(self) -> None:
        """End the present or the next wait at once."""
        self._woken.set()

    def wait(self, seconds: float) -> bool:
        """Pause for at most `seconds`; True when woken before. Raises what `check` raises."""
        self.check()
        self._woken.wait(seconds)
        # The answer of `wait` may be older than a wake-up of this moment; only what was seen may be cleared.
        if woken := self._woken.is_set():
            self._woken.clear()
        self.check()
        return woken

    def check(self) -> None:
        """Raise LeaseLost, CancelWanted or HandOver when there is reason to stop."""
        if self.lost:
            raise LeaseLost(f"job {self.job.id} was taken over")
        if self.cancel:
            raise CancelWanted(self.job.id)
        if self.draining:
            raise HandOver(self.job.id)

    def patient(self, seconds: float) -> Callable[[], None]:
        """Return a check for a call whose answer is worth a moment: it raises what `check` raises, so many
        seconds after there was reason to, and nothing where only this process stops."""
        since: float | None = None

        def check() -> None:
            nonlocal since
            if not (self.lost or self.cancel):
                return
            since = since or time.monotonic()
            if time.monotonic() - since >= seconds:
                self.check()

        return check

    def account(self) -> str:
        """What Celery's log and Flower show of the work: which job, and where it stands now."""
        job = self.job
        why = f" ({job.failure})" if job.failure else ""
        return f"{job.state}{why}: {job.request.kind}, {job.request.model}, {job.id}"

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass chunks on, and stop between two of them when there is reason to."""
        for chunk in chunks:
            self.check()
            yield chunk


class Slots:
    """All slots of this process."""

    def __init__(self, ledger: Ledger, owner: str) -> None:
        self.owner = owner
        self._ledger = ledger
        self._held: dict[str, Slot] = {}
        self._draining = False
        self._heard = self._unheard = time.monotonic()

    @contextmanager
    def hold(self, job_id: str, stage: Stage) -> Iterator[Slot | None]:
        """Claim a job for a stage and keep its lease renewed meanwhile; None when there is nothing to do.

        To be generated is the job whose turn it is in the lane: see `Ledger.claim`.
        """
        turn = stage is Stage.GENERATE
        job = None if self._draining else self._ledger.claim(job_id, self.owner, stage, turn=turn)
        if job is None:
            yield None
            return
        slot = Slot(job, stage)
        self._held[job.id] = slot
        slot.draining = self._draining
        try:
            with structlog.contextvars.bound_contextvars(
                job=job.id, worker=self.owner, prediction=job.prediction or ...
            ):
                yield slot
        finally:
            # The delivery of a job may be claimed here before its generation has left this block.
            if self._held.get(job.id) is slot:
                del self._held[job.id]

    def busy(self) -> Counter[str]:
        """Slots at work, by the lane that they serve at the moment."""
        return Counter(slot.lane for slot in list(self._held.values()))

    @property
    def draining(self) -> bool:
        """Whether this process stops."""
        return self._draining

    def tokens(self) -> dict[str, int]:
        """Job id -> token of every lease to renew."""
        return {job_id: slot.job.token for job_id, slot in list(self._held.items())}

    def renewed(self, held: dict[str, int], renewal: Renewal) -> None:
        """Tell the slots what the renewal of these leases found."""
        for job_id in renewal.lost:
            slot = self._held.get(job_id)
            # The token may have moved on since: then the loss is that of an earlier lease.
            if slot is not None and slot.job.token == held[job_id]:
                slot.lost = True
                slot.wake()
        for job_id in renewal.cancelled:
            self.wake(job_id, cancel=True)
        for job_id in renewal.news:
            slot = self._held.get(job_id)
            if slot is not None and not slot.heard:
                self.wake(job_id)
            if slot is not None:
                slot.heard = False

    @property
    def hinted(self) -> bool:
        """Whether webhooks come through to this process: none was missed since the last one was heard."""
        return self._heard >= self._unheard

    def unheard(self) -> None:
        """A prediction has ended, and no webhook said so."""
        self._unheard = time.monotonic()

    def wake(self, job_id: str, *, cancel: bool = False) -> None:
        """Something happened to this job; nothing to do where it is not ours."""
        if not cancel:
            self._heard = time.monotonic()
        slot = self._held.get(job_id)
        if slot is not None:
            slot.cancel = slot.cancel or cancel
            slot.heard = not cancel
            slot.wake()

    def drain(self) -> None:
        """Take no more jobs, and hand all back. Called from a signal handler: takes no lock of ours."""
        self._draining = True
        for slot in list(self._held.values()):
            slot.draining = True
            slot.wake()
