"""Slots: the jobs that this process works on, each with its lease, its wake-ups and its reasons to stop."""

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
"""The result of a task that found no job to claim: the job is taken or has ended, or the process stops."""


class CancelWanted(DarkroomError):
    """The job's owner has cancelled the job."""


class HandOver(DarkroomError):
    """This process stops, and another worker is to go on with the job."""


class Slot:
    """A job that this process holds. The task's code pauses only by `wait`.

    Attributes:
        job: The job's record as of the last write.
        lane: The lane whose work the slot does.
        lost: Whether another worker has taken the job over.
        cancel: Whether the job's owner has cancelled it.
        draining: Whether this process stops.
        heard: Whether news of the job has woken the slot since the last heartbeat.
        shown: The percentage that the job's chat shows; -1 for none yet.
    """

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
        """End the present wait at once, or else the next one."""
        self._woken.set()

    def wait(self, seconds: float) -> bool:
        """Pause for at most `seconds`. Return whether the slot was woken. Raises what `check` raises."""
        self.check()
        self._woken.wait(seconds)
        # A wake-up may come after `wait` has returned False. Only a wake-up that was seen may be cleared.
        if woken := self._woken.is_set():
            self._woken.clear()
        self.check()
        return woken

    def check(self) -> None:
        """Raise LeaseLost, CancelWanted or HandOver if the work on the job must stop."""
        if self.lost:
            raise LeaseLost(f"job {self.job.id} was taken over")
        if self.cancel:
            raise CancelWanted(self.job.id)
        if self.draining:
            raise HandOver(self.job.id)

    def patient(self, seconds: float) -> Callable[[], None]:
        """Return a check for a call whose response is worth a short wait.

        It raises LeaseLost or CancelWanted, `seconds` after it first found the job lost or cancelled. It
        raises nothing while only this process stops.
        """
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
        """Return the task's result for Celery's log and Flower: the job and its present state."""
        job = self.job
        why = f" ({job.failure})" if job.failure else ""
        return f"{job.state}{why}: {job.request.kind}, {job.request.model}, {job.id}"

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, and call `check` before each."""
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
        """Claim a job for a stage, and have its lease renewed during the block.

        Yield None if there is no job to claim, or this process stops. For a generation, the claimed job is
        the one whose turn it is in the lane: see `Ledger.claim`.
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
        """Return how many slots are at work for each lane."""
        return Counter(slot.lane for slot in list(self._held.values()))

    @property
    def draining(self) -> bool:
        """Whether this process stops."""
        return self._draining

    def tokens(self) -> dict[str, int]:
        """Return the token of every lease to renew, by job id."""
        return {job_id: slot.job.token for job_id, slot in list(self._held.items())}

    def renewed(self, held: dict[str, int], renewal: Renewal) -> None:
        """Tell the slots what the renewal of these leases found."""
        for job_id in renewal.lost:
            slot = self._held.get(job_id)
            # With a newer token, the loss concerns an earlier lease.
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
        """Whether webhooks reach this process: none was missed since the last one arrived."""
        return self._heard >= self._unheard

    def unheard(self) -> None:
        """Note that a prediction ended without a webhook."""
        self._unheard = time.monotonic()

    def wake(self, job_id: str, *, cancel: bool = False) -> None:
        """Wake the job's slot for news or for a cancel, if this process holds the job."""
        if not cancel:
            self._heard = time.monotonic()
        slot = self._held.get(job_id)
        if slot is not None:
            slot.cancel = slot.cancel or cancel
            slot.heard = not cancel
            slot.wake()

    def drain(self) -> None:
        """Claim no more jobs, and have every slot hand its job over.

        A signal handler calls this, so it takes no lock of ours.
        """
        self._draining = True
        for slot in list(self._held.values()):
            slot.draining = True
            slot.wake()
