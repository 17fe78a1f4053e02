"""The one paid call of a job: made at most once, and looked for where nobody saw it arrive."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import structlog

import retries
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
from jobs.model import Job, Order
from outside.call import heeding, within
from providers.base import OutcomeUnknown, Prediction, Provider
from tasks.generation import inputs
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


def submit(process: Process, slot: Slot) -> Prediction | None:
    """Make the one paid call. It is repeated only where the provider has surely not taken it.

    Answers what the provider made of it, None where nobody knows.
    """
    terms = process.generation.terms
    model, provider = terms.model_of(slot.job), terms.provider_of(slot.job)
    order = process.generation.inputs.order(slot, model, provider)
    try:
        prediction = retries.passing(slot.wait)(_call, process, slot, provider, order, model.price_usd)
    except Submitted as news:
        log.warning("a call that counted as not taken was taken", prediction=news.prediction)
        slot.job = process.records.ledger.running(slot.job, news.prediction)
        return None
    except OutcomeUnknown as error:
        log.warning("submission with unknown outcome", error=str(error))
        slot.job = process.records.ledger.unknown(slot.job)
        if slot.cancel:
            process.handover.publish_generation(slot.job.id)
        return None
    except PassingError as error:
        raise JobFailed(Failure.PROVIDER_DOWN, str(error)) from error
    try:
        slot.job = remember(process, slot.job, prediction.id)
    except PredictionOwned as error:
        log.error("submitted, and the prediction is another job's", error=str(error))
        slot.job = process.records.ledger.unknown(slot.job)
        return None
    log.info("submitted", reference=order.reference)
    return prediction


def _call(process: Process, slot: Slot, provider: Provider, order: Order, price_usd: float) -> Prediction:
    submission = inputs.submission(process.settings, slot.job.id, order)
    process.generation.calls.to_create(slot, provider)
    slot.check()
    slot.job = process.records.ledger.submitting(slot.job, order, price_usd)
    try:
        with heeding(slot.patient(_ANSWER_S)):
            return provider.submit(submission)
    except (PassingError, CancelWanted) as error:
        # Nothing was taken; of a call that was left for a cancel, nothing had been sent.
        if isinstance(error, PassingError):
            process.generation.calls.throttled(provider, error)
        slot.job = process.records.ledger.unsent(slot.job)
        raise


def remember(process: Process, job: Job, prediction: str) -> Job:
    """Write the prediction's id down, whatever it takes: it is what the money was paid for."""
    structlog.contextvars.bind_contextvars(prediction=prediction)
    patient = retries.ledger_back(process.settings.unknown_grace_s)
    try:
        return patient(process.records.ledger.running, job, prediction)
    except (LeaseLost, IllegalMove):
        # The call took longer than the lease. Whoever has the job now waits for just this news.
        patient(process.records.ledger.adopt, job.id, prediction)
        raise


def adopt(process: Process, slot: Slot) -> None:
    """A worker died over the paid call. It is never made again: go on with what is known of it, or wait."""
    if slot.job.prediction:
        slot.job = process.records.ledger.running(slot.job, slot.job.prediction)
    else:
        slot.job = process.records.ledger.unknown(slot.job)


def search(process: Process, slot: Slot) -> None:
    """Look for the submission that nobody saw arrive; the webhook may name it too. Never submit again."""
    job = slot.job
    try:
        provider = process.generation.terms.provider_of(job)
        process.generation.calls.to_ask(slot, provider)
        with _for_at_most(_SEARCH_S):
            found = look_for(process, slot, provider)
        if found is not None:
            slot.job = remember(process, job, found.id)
            log.info("found the submission")
            return
    except (PassingError, JobFailed, PredictionOwned) as error:
        log.info("not found for now", reason=str(error))
    if process.records.ledger.now() - job.stamps["unknown"] > process.settings.unknown_grace_s:
        raise JobFailed(Failure.UNKNOWN_OUTCOME, "not heard of in the grace period")
    process.handover.put_off(job, _LOOK_AGAIN_S)


def look_for(process: Process, slot: Slot, provider: Provider) -> Prediction | None:
    """The one prediction at the provider with this job's input that is no other job's; None where there is
    none, or nobody can tell whose it is."""
    job = slot.job
    reference, wanted = asked_for(process, job)
    if job.request.source and not (job.ordered or job.upload):
        # The words alone may be those of another picture's video.
        return None
    owned = partial(process.records.ledger.owned, but=job.id)
    found = provider.find(reference, wanted, job.stamps["submitting"], owned)
    # Whoever is submitting the same at this moment has not written down yet that it is theirs.
    rivals = (one for one in process.records.ledger.submitted_now() if one.id != job.id)
    if any(asked_for(process, one) == (reference, wanted) for one in rivals):
        return None
    return found


def asked_for(process: Process, job: Job) -> tuple[str, Mapping[str, Any]]:
    """Return the provider's name of the job's model, and the input that it was given.

    Raises:
        JobFailed: Neither the job's record nor the catalogue has them.
    """
    if job.ordered:
        return job.ordered.reference, job.ordered.input
    model = process.generation.terms.model_of(job)
    values = inputs.fields(job.request, model)
    if job.request.source:
        values[model.source_field] = job.upload
    return model.reference, values


def find_to_stop(process: Process, slot: Slot) -> None:
    """Look once for the submission that nobody saw arrive, so that it can be stopped."""
    try:
        provider = process.generation.terms.provider_of(slot.job)
        process.generation.calls.made(provider)
        with _for_at_most(_LAST_SEARCH_S):
            found = look_for(process, slot, provider)
        if found is not None:
            slot.job = remember(process, slot.job, found.id)
    except (PassingError, JobFailed, IllegalMove, LeaseLost, LedgerUnavailable) as error:
        log.warning("a submission that may have arrived was not found", reason=str(error))


def _for_at_most(seconds: float) -> AbstractContextManager[None]:
    end = time.monotonic() + seconds
    return within(lambda: end - time.monotonic())
