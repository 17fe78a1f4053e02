"""The task `generate`: one job from the claim to the stored artifact."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from celery import Task
from tenacity import RetryError

from jobs.errors import (
    IllegalMove,
    JobFailed,
    LeaseLost,
    LedgerUnavailable,
    PassingError,
    PredictionOwned,
    Submitted,
)
from jobs.failures import Failure
from jobs.ledger import Stage
from jobs.model import Job
from jobs.states import State
from providers.base import OutcomeUnknown, Prediction, Provider, Status
from tasks import inputs, outputs, polling, waits
from tasks.app import app
from tasks.deadline import PredictionOver, last_word, verdict
from tasks.process import Process, current
from tasks.slots import IDLE, CancelWanted, HandOver, Slot

log = structlog.get_logger(__name__)
_LOOK_AGAIN_S = 5.0


@app.task(name="generate", bind=True)
def generate(self: "Task[Any, Any]", job_id: str) -> str:
    """Make what a job asks for. Whatever happens, the job goes on or ends: see the excepts."""
    process = current(self.app)
    with process.slots.hold(job_id, Stage.GENERATE) as slot:
        if slot is None:
            return IDLE
        try:
            make(process, slot)
        except HandOver:
            process.hand_over(slot.job)
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
    """The way of a job through a slot, from whichever state it is taken over in."""
    if slot.job.crashes >= process.settings.max_crashes:
        raise JobFailed(Failure.CRASHED, f"{slot.job.crashes} workers died")
    slot.check()
    seen = None
    if slot.job.state is State.UNKNOWN:
        search(process, slot)
    elif slot.job.state is State.CLAIMED or slot.job.unsent:
        seen = submit(process, slot)
    elif slot.job.state is State.SUBMITTING:
        adopt(process, slot)
    if slot.job.state is State.RUNNING:
        seen = poll(process, slot, process.provider_of(slot.job), seen)
    if slot.job.state is State.STORING:
        store(process, slot, process.provider_of(slot.job), seen)


def submit(process: Process, slot: Slot) -> Prediction | None:
    """Make the one paid call. It is repeated only where the provider has surely not taken it.

    Answers what the provider made of it, None where nobody knows.
    """
    model, provider = process.model_of(slot.job), process.provider_of(slot.job)
    order = inputs.order(process, slot, model, provider)
    submission = inputs.submission(process.settings, slot.job.id, order)

    def call() -> Prediction:
        process.calls.to_create(slot, provider)
        slot.check()
        slot.job = process.ledger.submitting(slot.job, order, model.price_usd)
        try:
            return provider.submit(submission)
        except PassingError as error:
            process.calls.throttled(provider, error)
            slot.job = process.ledger.unsent(slot.job)
            raise

    try:
        prediction = waits.passing(slot.wait)(call)
    except Submitted as news:
        log.warning("a call that counted as not taken was taken", prediction=news.prediction)
        slot.job = process.ledger.running(slot.job, news.prediction)
        return None
    except OutcomeUnknown as error:
        log.warning("submission with unknown outcome", error=str(error))
        slot.job = process.ledger.unknown(slot.job)
        return None
    except PassingError as error:
        raise JobFailed(Failure.PROVIDER_DOWN, str(error)) from error
    try:
        slot.job = remember(process, slot.job, prediction.id)
    except PredictionOwned as error:
        log.error("submitted, and the prediction is another job's", error=str(error))
        slot.job = process.ledger.unknown(slot.job)
        return None
    log.info("submitted", reference=submission.reference)
    return prediction


def remember(process: Process, job: Job, prediction: str) -> Job:
    """Write the prediction's id down, whatever it takes: it is what the money was paid for."""
    structlog.contextvars.bind_contextvars(prediction=prediction)
    patient = waits.ledger_back(process.settings.unknown_grace_s)
    try:
        return patient(process.ledger.running, job, prediction)
    except (LeaseLost, IllegalMove):
        # The call took longer than the lease. Whoever has the job now waits for just this news.
        patient(process.ledger.adopt, job.id, prediction)
        raise


def adopt(process: Process, slot: Slot) -> None:
    """A worker died over the paid call. It is never made again: go on with what is known of it, or wait."""
    if slot.job.prediction:
        slot.job = process.ledger.running(slot.job, slot.job.prediction)
    else:
        slot.job = process.ledger.unknown(slot.job)


def search(process: Process, slot: Slot) -> None:
    """Look for the submission that nobody saw arrive; the webhook may name it too. Never submit again."""
    job = slot.job
    try:
        found = look_for(process, slot, process.provider_of(slot.job))
        if found is not None:
            slot.job = remember(process, job, found.id)
            log.info("found the submission")
            return
    except (PassingError, JobFailed, PredictionOwned) as error:
        log.info("not found for now", reason=str(error))
    if process.ledger.now() - job.stamps["unknown"] > process.settings.unknown_grace_s:
        raise JobFailed(Failure.UNKNOWN_OUTCOME, "not heard of in the grace period")
    process.put_off(job, _LOOK_AGAIN_S)


def look_for(process: Process, slot: Slot, provider: Provider) -> Prediction | None:
    """The one prediction at the provider with this job's input that is no other job's; None where there is
    none, or nobody can tell whose it is."""
    job = slot.job
    reference, wanted = asked_for(process, job)
    if job.request.source and not (job.ordered or job.upload):
        # The words alone may be those of another picture's video.
        return None
    process.calls.to_ask(slot, provider)
    owned = partial(process.ledger.owned, but=job.id)
    found = provider.find(reference, wanted, job.stamps["submitting"], owned)
    # Whoever is submitting the same at this moment has not written down yet that it is theirs.
    rivals = (one for one in process.ledger.submitted_now() if one.id != job.id)
    if any(asked_for(process, one) == (reference, wanted) for one in rivals):
        return None
    return found


def asked_for(process: Process, job: Job) -> tuple[str, Mapping[str, Any]]:
    """The provider's name of the job's model, and the input that it was given. JobFailed where neither the
    job's record nor the catalogue has them."""
    if job.ordered:
        return job.ordered.reference, job.ordered.input
    model = process.model_of(job)
    values = inputs.fields(job.request, model)
    if job.request.source:
        values[model.source_field] = job.upload
    return model.reference, values


def poll(process: Process, slot: Slot, provider: Provider, created: Prediction | None) -> Prediction | None:
    """Wait for the prediction's end and answer it; None where that could not be asked for yet.

    `created`: what its submission answered in this slot.
    """
    deadline_s = process.deadline_s(slot.job)
    try:
        prediction, took_s = polling.ended(process, slot, provider, created, process.ledger.clock.fixed())
    except RetryError:
        last, took_s = last_word(process, slot, provider, deadline_s), None
        if last is None:
            return None
        prediction = last
    if prediction.status is not Status.SUCCEEDED:
        ran_s = process.ledger.now() - slot.job.stamps["running"]
        failure = verdict(prediction, ran_s, deadline_s)
        raise PredictionOver(failure, f"{prediction.status}: {prediction.error[:300]}")
    slot.job = process.ledger.storing(slot.job, prediction.completed)
    if took_s is not None:
        process.waiting.took(slot.job.request.model, took_s)
    return prediction


def store(process: Process, slot: Slot, provider: Provider, seen: Prediction | None) -> None:
    """Fetch the output while the provider still keeps it, and have it delivered.

    `seen` is the prediction as this slot saw it end; another attempt asks for it anew.
    """
    artifact = outputs.fetch(process, slot, provider, seen)
    if artifact is None:
        return
    log.info("stored", size=artifact.size, mime=artifact.mime)
    end(process, slot, process.ledger.stored, artifact)


def cancel(process: Process, slot: Slot) -> None:
    """The owner wants no result any more; the provider is stopped unless others share the prediction."""
    ended = written(process.ledger.cancelled, process.settings.lease_s, slot.job)
    if ended is None:
        return
    slot.job, heirs = ended
    job = slot.job
    process.publish_delivery(job.id)
    for heir in heirs:
        log.info("cancelled; another job goes on with its prediction", heir=heir)
        process.publish_generation(heir)
    if job.prediction and not heirs:
        stop(process, job)


def give_up(process: Process, slot: Slot, failure: Failure, *, over: bool = False) -> None:
    """The job fails; a prediction that may still run (unless it is `over`) is not paid for to its end."""
    running = slot.job.state is State.RUNNING and not over
    if end(process, slot, process.ledger.failed, failure) and running:
        stop(process, slot.job)


def stop(process: Process, job: Job) -> None:
    """Have the provider stop a prediction that nobody waits for; where that fails, its own deadline does."""
    try:
        provider = process.provider_of(job)
        process.calls.made(provider)
        outcome = provider.cancel(job.prediction)
        log.info("cancelled at the provider", outcome=outcome)
    except (PassingError, JobFailed) as error:
        log.warning("provider not reached for a cancel", error=str(error))


def end(process: Process, slot: Slot, write: Callable[..., tuple[Job, list[str]]], *what: Any) -> bool:
    """Write how the generation ended, and have the chats told: this job's, and those that share it.

    False, and nothing is told, where the job was no longer ours.
    """
    ended = written(write, process.settings.lease_s, slot.job, *what)
    if ended is None:
        return False
    slot.job, others = ended
    for job_id in (slot.job.id, *others):
        process.publish_delivery(job_id)
    return True


def written(
    write: Callable[..., tuple[Job, list[str]]], patience_s: float, *what: Any
) -> tuple[Job, list[str]] | None:
    """Make a last write, waiting for a ledger that is away; None where it could not be made."""
    try:
        return waits.ledger_back(patience_s)(write, *what)
    except (LeaseLost, IllegalMove, LedgerUnavailable) as error:
        log.warning("the end was not written; the job is resumed", reason=str(error))
        return None
