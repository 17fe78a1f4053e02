"""What happens to a prediction that is late, and why one ended without success."""

from dataclasses import dataclass

import structlog

import retries
from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from ledger.jobs import Ledger
from providers.base import ENDED, Cancelled, Prediction, Provider, Status
from tasks.generation import outputs
from tasks.generation.calls import Calls
from tasks.handover import Handover
from tasks.slots import Slot

log = structlog.get_logger(__name__)
PATIENCE_S = 120.0
"""How long (s) after the deadline a provider that does not answer is still asked how the prediction ended."""


class PredictionOver(JobFailed):
    """The job fails because its prediction is over. Nothing of it still runs at the provider."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Ends predictions that are late."""

    ledger: Ledger
    calls: Calls
    handover: Handover

    def last_word(self, slot: Slot, provider: Provider, deadline_s: float) -> Prediction | None:
        """Have the provider stop a prediction after the model's deadline, unless the prediction has ended.

        Returns:
            The ended prediction. None where the provider does not answer: the job was put off, to ask again.

        Raises:
            PredictionOver: The provider stops the prediction, or has not answered for too long.
        """
        ask = retries.brief(slot.wait)
        try:
            self.calls.made(provider)
            outcome = ask(provider.cancel, slot.job.prediction)
            log.info("cancelled at the deadline", outcome=outcome)
            if outcome is not Cancelled.REQUESTED:
                self.calls.made(provider)
                found: Prediction = ask(provider.get, slot.job.prediction)
                if found.status in ENDED:
                    return found
        except PassingError as error:
            over_s = self.ledger.now() - slot.job.stamps["running"] - deadline_s
            if over_s < PATIENCE_S:
                again = outputs.again_in(over_s, error.retry_after)
                log.warning("no answer at the deadline", reason=str(error), again_in_s=again)
                self.handover.put_off(slot.job, again)
                return None
            raise PredictionOver(
                Failure.TIMED_OUT, f"nothing heard after {deadline_s:g} s: {error}"
            ) from error
        raise PredictionOver(Failure.TIMED_OUT, f"not ready after {deadline_s:g} s")


def verdict(prediction: Prediction, ran_s: float, deadline_s: float) -> Failure:
    """Return why a prediction ended without success. Pure.

    Args:
        prediction: The ended prediction.
        ran_s: How long it ran by our clock (s). It counts where the provider does not say how long.
        deadline_s: The model's deadline (s). The provider was told it too, and counts in whole seconds.
    """
    took_s = ran_s if prediction.took_s is None else prediction.took_s
    if prediction.status is Status.CANCELLED and took_s >= deadline_s - 1:
        return Failure.TIMED_OUT
    return prediction.failure or Failure.PROVIDER_FAILED
