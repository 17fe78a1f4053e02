"""The one paid call of a job: made at most once, and looked for where nobody saw it arrive."""

import time
from contextlib import AbstractContextManager
from functools import partial

import structlog

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
from jobs.model import Job
from outside.call import heeding, within
from providers.base import OutcomeUnknown, Prediction, Provider, Submission
from tasks import inputs, waits
from tasks.process import Process
from tasks.slots import CancelWanted, Slot

log = structlog.get_logger(__name__)
_LOOK_AGAIN_S = 5.0
_ANSWER_S = 0.5
"""For so long the answer to the paid call is waited for although nobody wants the job any more: with it the
prediction can be stopped, without it has to be found first."""
_SEARCH_S = 120.0
"""For so long the latest predictions are looked through at a time, of which there may be hundreds."""
_LAST_SEARCH_S = 30.0
"""For so long the submission of a cancelled job is looked for."""


def submit(process: Process, slot: Slot, provider: Provider) -> Prediction | None:
    """Make the one paid call. It is repeated only where the provider has surely not taken it.

    Answers what the provider made of it, None where nobody knows.
    """
    submission = inputs.submission(process, slot, provider)
    if slot.job.request.source:
        upload = str(submission.input[process.model_of(slot.job).source_field])
        process.ledger.note(slot.job, upload=upload)

    try:
        prediction = waits.passing(slot.wait)(_call, process, slot, provider, submission)
    except Submitted as news:
        log.warning("a call that counted as not taken was taken", prediction=news.prediction)
        slot.job = process.ledger.running(slot.job, news.prediction)
        return None
    except OutcomeUnknown as error:
        log.warning("submission with unknown outcome", error=str(error))
        slot.job = process.ledger.unknown(slot.job)
        if slot.cancel:
            process.publish_generation(slot.job.id)
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


def _call(process: Process, slot: Slot, provider: Provider, submission: Submission) -> Prediction:
    process.calls.to_create(slot, provider)
    slot.check()
    slot.job = process.ledger.submitting(slot.job)
    try:
        with heeding(slot.patient(_ANSWER_S)):
            return provider.submit(submission)
    except (PassingError, CancelWanted) as error:
        # Nothing was taken; of a call that was left for a cancel, nothing had been sent.
        if isinstance(error, PassingError):
            process.calls.throttled(provider, error)
        slot.job = process.ledger.unsent(slot.job)
        raise


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


def search(process: Process, slot: Slot, provider: Provider) -> None:
    """Look for the submission that nobody saw arrive; the webhook may name it too. Never submit again."""
    job = slot.job
    try:
        process.calls.to_ask(slot, provider)
        with _for_at_most(_SEARCH_S):
            found = look_for(process, slot, provider)
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
    job, model = slot.job, process.model_of(slot.job)
    wanted = inputs.fields(job.request, model)
    if job.request.source:
        if not job.upload:
            return None
        # The words alone may be those of another picture's video.
        wanted[model.source_field] = job.upload
    owned = partial(process.ledger.owned, but=job.id)
    found = provider.find(model.reference, wanted, job.stamps["submitting"], owned)
    # Whoever is submitting the same at this moment has not written down yet that it is theirs.
    rivals = (one for one in process.ledger.submitted_now() if one.id != job.id)
    if any(one.request.model == model.name and inputs.fields(one.request, model) == wanted for one in rivals):
        return None
    return found


def find_to_stop(process: Process, slot: Slot) -> None:
    """Look once for the submission that nobody saw arrive, so that it can be stopped."""
    try:
        provider = process.provider_of(slot.job)
        process.calls.made(provider)
        with _for_at_most(_LAST_SEARCH_S):
            found = look_for(process, slot, provider)
        if found is not None:
            slot.job = remember(process, slot.job, found.id)
    except (PassingError, JobFailed, IllegalMove, LeaseLost, LedgerUnavailable) as error:
        log.warning("a submission that may have arrived was not found", reason=str(error))


def _for_at_most(seconds: float) -> AbstractContextManager[None]:
    end = time.monotonic() + seconds
    return within(lambda: end - time.monotonic())
