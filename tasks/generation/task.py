"""The task `generate`: one job from its claim to the stored artifact."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Task

import retries
from jobs.errors import (
    IllegalMove,
    JobFailed,
    LeaseLost,
    LedgerUnavailable,
    PassingError,
)
from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from ledger.jobs import Stage
from outside.call import heeding
from outside.room import staying
from providers.base import Prediction, Provider, Status
from tasks.app import app
from tasks.generation.deadline import PredictionOver, verdict
from tasks.process import Process, current
from tasks.slots import IDLE, CancelWanted, HandOver, Slot

log = structlog.get_logger(__name__)


@app.task(name="generate", bind=True)
def generate(self: "Task[Any, Any]", job_id: str) -> str:
    """Generate what a job asks for. On every error the job is either resumed or ended: see the excepts."""
    process = current(self.app)
    with process.slots.hold(job_id, Stage.GENERATE) as slot:
        if slot is None:
            return IDLE
        try:
            make(process, slot)
        except HandOver:
            process.handover.hand_over(slot.job)
        except CancelWanted:
            cancel(process, slot)
        except JobFailed as error:
            log.warning("job failed", failure=error.failure, detail=error.detail)
            give_up(process, slot, error.failure, over=isinstance(error, PredictionOver))
        except (LeaseLost, IllegalMove) as error:
            log.warning("job left to another worker", reason=str(error))
        except LedgerUnavailable as error:
            log.warning("ledger unavailable; the lease lapses and the job is resumed", error=str(error))
        except Exception:
            log.exception("job failed by an error of ours")
            give_up(process, slot, Failure.INTERNAL)
        return slot.account()


def make(process: Process, slot: Slot) -> None:
    """Run a job in a slot, from the state in which it was claimed.

    Raises JobFailed for a job that has crashed MAX_CRASHES workers.
    """
    if slot.job.crashes >= process.settings.max_crashes:
        raise JobFailed(Failure.CRASHED, f"{slot.job.crashes} workers died")
    slot.check()
    with heeding(slot.check), staying():
        go_on(process, slot)


def go_on(process: Process, slot: Slot) -> None:
    """Take the job through its states one after the other, as far as possible now."""
    seen = None
    if slot.job.state is State.UNKNOWN:
        process.generation.submitting.search(slot)
    elif slot.job.state is State.CLAIMED or slot.job.unsent:
        seen = process.generation.submitting.submit(slot)
    elif slot.job.state is State.SUBMITTING:
        process.generation.submitting.adopt(slot)
    if slot.job.state is State.RUNNING:
        seen = poll(process, slot, process.generation.terms.provider_of(slot.job), seen)
    if slot.job.state is State.STORING:
        store(process, slot, process.generation.terms.provider_of(slot.job), seen)


def poll(process: Process, slot: Slot, provider: Provider, created: Prediction | None) -> Prediction | None:
    """Wait for the prediction's success and return the prediction.

    Args:
        process: This worker process.
        slot: The job, which is `running`.
        provider: The provider that makes the prediction.
        created: The response to the submission, if this slot made it.

    Returns:
        None where the provider does not answer after the deadline, and the job was put off.

    Raises:
        PredictionOver: The prediction ended without success.
    """
    deadline_s = process.generation.terms.deadline_s(slot.job)
    try:
        clock = process.records.ledger.clock.fixed()
        prediction, took_s = process.generation.polling.ended(slot, provider, created, clock)
    except retries.OutOfTime:
        last, took_s = process.generation.deadline.last_word(slot, provider, deadline_s), None
        if last is None:
            return None
        prediction = last
    if prediction.status is not Status.SUCCEEDED:
        ran_s = process.records.ledger.now() - slot.job.stamps["running"]
        failure = verdict(prediction, ran_s, deadline_s)
        raise PredictionOver(failure, f"{prediction.status}: {prediction.error[:300]}")
    slot.job = process.records.ledger.storing(slot.job, prediction.completed)
    if took_s is not None:
        process.records.waiting.took(slot.job.request.model, took_s)
    return prediction


def store(process: Process, slot: Slot, provider: Provider, seen: Prediction | None) -> None:
    """Fetch the output and have it delivered. Providers keep outputs only for a while.

    `seen` is the prediction as this slot saw it end; None for a job that was resumed.
    """
    artifact = process.generation.outputs.fetch(slot, provider, seen)
    if artifact is None:
        return
    log.info("stored", size=artifact.size, mime=artifact.mime)
    end(process, slot, process.records.ledger.stored, artifact)


def cancel(process: Process, slot: Slot) -> None:
    """Cancel the job for its owner. Stop the prediction unless another job goes on with it."""
    if slot.job.state is State.UNKNOWN:
        process.generation.submitting.find_to_stop(slot)
    ended = written(process.records.ledger.cancelled, process.settings.lease_s, slot.job)
    if ended is None:
        return
    slot.job, heirs = ended
    job = slot.job
    process.handover.publish_delivery(job.id)
    for heir in heirs:
        log.info("cancelled; another job goes on with its prediction", heir=heir)
        process.handover.publish_generation(heir)
    if job.prediction and not heirs:
        stop(process, job)


def give_up(process: Process, slot: Slot, failure: Failure, *, over: bool = False) -> None:
    """Fail the job. Stop its prediction, so that it costs no more, unless the prediction is `over`."""
    running = slot.job.state is State.RUNNING and not over
    if end(process, slot, process.records.ledger.failed, failure) and running:
        stop(process, slot.job)


def stop(process: Process, job: Job) -> None:
    """Have the provider stop a prediction that nobody waits for. If that fails, the provider stops it at the
    deadline that it was told with the submission."""
    try:
        provider = process.generation.terms.provider_of(job)
        process.accounts.calls.made(provider)
        outcome = provider.cancel(job.prediction)
        log.info("cancelled at the provider", outcome=outcome)
    except (PassingError, JobFailed) as error:
        log.warning("provider not reached for a cancel", error=str(error))


def end(process: Process, slot: Slot, write: Callable[..., tuple[Job, list[str]]], *what: Any) -> bool:
    """Record the end of a generation, and publish deliveries for the job and for all that share its result.

    Returns:
        False where the end was not recorded: nothing is published, and the job is resumed.
    """
    ended = written(write, process.settings.lease_s, slot.job, *what)
    if ended is None:
        return False
    slot.job, others = ended
    for job_id in (slot.job.id, *others):
        process.handover.publish_delivery(job_id)
    return True


def written(
    write: Callable[..., tuple[Job, list[str]]], patience_s: float, *what: Any
) -> tuple[Job, list[str]] | None:
    """Make the last write of a generation, and wait for a ledger that is away.

    Args:
        write: A method of the ledger.
        patience_s: Longest wait for the ledger (s).
        what: Arguments of the method.

    Returns:
        What the method returned; None where the write failed.
    """
    try:
        return retries.ledger_back(patience_s)(write, *what)
    except (LeaseLost, IllegalMove, LedgerUnavailable) as error:
        log.warning("the end was not written; the job is resumed", reason=str(error))
        return None
