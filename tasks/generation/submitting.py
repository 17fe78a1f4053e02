"""The paid call of a job: made at most once, and looked for at the provider if its outcome is unknown."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

import retries
from config.settings import Settings
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
from ledger.jobs import Ledger
from outside.call import heeding, within
from providers.base import OutcomeUnknown, Prediction, Provider
from tasks.generation.calls import Calls
from tasks.generation.inputs import Inputs, fields, submission
from tasks.generation.terms import Terms
from tasks.handover import Handover
from tasks.slots import CancelWanted, Slot

log = structlog.get_logger(__name__)
_LOOK_AGAIN_S = 5.0
_ANSWER_S = 0.5
"""How long (s) to wait for the response to the paid call of a job that was cancelled. With the response, the
prediction can be stopped at once; without it, the prediction must be found first."""
_SEARCH_S = 120.0
"""Longest search (s) through the provider's latest predictions, of which there may be hundreds."""
_LAST_SEARCH_S = 30.0
"""Longest search (s) for the submission of a cancelled job."""


@dataclass(frozen=True, slots=True)
class Submitting:
    """Makes the paid calls."""

    settings: Settings
    ledger: Ledger
    terms: Terms
    calls: Calls
    inputs: Inputs
    handover: Handover

    def submit(self, slot: Slot) -> Prediction | None:
        """Make the one paid call. Retry it only where the provider has surely not taken it.

        Returns:
            The prediction as the provider returned it; None where no usable response came.

        Raises:
            JobFailed: The provider cannot be reached, or the job cannot be ordered from it any more.
        """
        model, provider = self.terms.model_of(slot.job), self.terms.provider_of(slot.job)
        order = self.inputs.order(slot, model, provider)
        try:
            prediction = retries.passing(slot.wait)(self._call, slot, provider, order, model.price_usd)
        except Submitted as news:
            log.warning("a call that counted as not taken was taken", prediction=news.prediction)
            slot.job = self.ledger.running(slot.job, news.prediction)
            return None
        except OutcomeUnknown as error:
            log.warning("submission with unknown outcome", error=str(error))
            slot.job = self.ledger.unknown(slot.job)
            if slot.cancel:
                self.handover.publish_generation(slot.job.id)
            return None
        except PassingError as error:
            raise JobFailed(Failure.PROVIDER_DOWN, str(error)) from error
        try:
            slot.job = self._remember(slot.job, prediction.id)
        except PredictionOwned as error:
            log.error("submitted, and the prediction is another job's", error=str(error))
            slot.job = self.ledger.unknown(slot.job)
            return None
        log.info("submitted", reference=order.reference)
        return prediction

    def _call(self, slot: Slot, provider: Provider, order: Order, price_usd: float) -> Prediction:
        asked = submission(self.settings, slot.job.id, order)
        self.calls.to_create(slot, provider)
        slot.check()
        slot.job = self.ledger.submitting(slot.job, order, price_usd)
        try:
            with heeding(slot.patient(_ANSWER_S)):
                return provider.submit(asked)
        except (PassingError, CancelWanted) as error:
            # The provider has taken nothing: it refused, or a cancel came before anything was sent.
            if isinstance(error, PassingError):
                self.calls.throttled(provider, error)
            slot.job = self.ledger.unsent(slot.job)
            raise

    def _remember(self, job: Job, prediction: str) -> Job:
        """Record the prediction's id, and wait for the ledger if need be: the prediction is paid for."""
        structlog.contextvars.bind_contextvars(prediction=prediction)
        patient = retries.ledger_back(self.settings.unknown_grace_s)
        try:
            return patient(self.ledger.running, job, prediction)
        except (LeaseLost, IllegalMove):
            # The call took longer than the lease. The worker that has the job now waits for this id.
            patient(self.ledger.adopt, job.id, prediction)
            raise

    def adopt(self, slot: Slot) -> None:
        """Go on after a worker that died during the paid call, which is never made again.

        The job is `running` where its prediction is known, else `unknown`.
        """
        if slot.job.prediction:
            slot.job = self.ledger.running(slot.job, slot.job.prediction)
        else:
            slot.job = self.ledger.unknown(slot.job)

    def search(self, slot: Slot) -> None:
        """Look for a submission of unknown outcome, and never submit again. A webhook may name it meanwhile.

        Raises:
            JobFailed: It was not found in UNKNOWN_GRACE_S.
        """
        job = slot.job
        try:
            provider = self.terms.provider_of(job)
            self.calls.to_ask(slot, provider)
            with _for_at_most(_SEARCH_S):
                found = self._look_for(slot, provider)
            if found is not None:
                slot.job = self._remember(job, found.id)
                log.info("found the submission")
                return
        except (PassingError, JobFailed, PredictionOwned) as error:
            log.info("not found for now", reason=str(error))
        if self.ledger.now() - job.stamps["unknown"] > self.settings.unknown_grace_s:
            raise JobFailed(Failure.UNKNOWN_OUTCOME, "not heard of in the grace period")
        self.handover.put_off(job, _LOOK_AGAIN_S)

    def _look_for(self, slot: Slot, provider: Provider) -> Prediction | None:
        """Return the only prediction at the provider that has this job's input and belongs to no other job.

        None where there is no such prediction, or it may belong to another job.
        """
        job = slot.job
        reference, wanted = self._asked_for(job)
        if job.request.source and not (job.ordered or job.upload):
            # Without the uploaded picture, the prompt alone may fit another picture's video.
            return None
        owned = partial(self.ledger.owned, but=job.id)
        found = provider.find(reference, wanted, job.stamps["submitting"], owned)
        # A job that submits the same input at this moment has not recorded its prediction yet.
        rivals = (one for one in self.ledger.submitted_now() if one.id != job.id)
        if any(self._asked_for(one) == (reference, wanted) for one in rivals):
            return None
        return found

    def _asked_for(self, job: Job) -> tuple[str, Mapping[str, Any]]:
        """Return the provider's name of the job's model, and the input that the provider was given.

        Raises:
            JobFailed: Neither the job's record nor the catalogue has them.
        """
        if job.ordered:
            return job.ordered.reference, job.ordered.input
        model = self.terms.model_of(job)
        values = fields(job.request, model)
        if job.request.source:
            values[model.source_field] = job.upload
        return model.reference, values

    def find_to_stop(self, slot: Slot) -> None:
        """Look once for a submission of unknown outcome, so that its prediction can be stopped."""
        try:
            provider = self.terms.provider_of(slot.job)
            self.calls.made(provider)
            with _for_at_most(_LAST_SEARCH_S):
                found = self._look_for(slot, provider)
            if found is not None:
                slot.job = self._remember(slot.job, found.id)
        except (PassingError, JobFailed, IllegalMove, LeaseLost, LedgerUnavailable) as error:
            log.warning("a submission that may have arrived was not found", reason=str(error))


def _for_at_most(seconds: float) -> AbstractContextManager[None]:
    end = time.monotonic() + seconds
    return within(lambda: end - time.monotonic())
