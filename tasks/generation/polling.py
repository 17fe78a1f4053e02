"""Waiting for the end of a prediction: for its webhook where there is one, and by polling."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

import retries
from config.settings import Settings
from jobs.errors import LedgerUnavailable, PassingError
from ledger.queue_position import QueuePositions
from outside.call import within
from providers.base import ENDED, Prediction, Provider
from tasks.delivery.progress import Progress
from tasks.generation.calls import Calls
from tasks.generation.poll_schedule import Backoff, overdue, rhythm
from tasks.generation.terms import Terms
from tasks.slots import Slot, Slots

log = structlog.get_logger(__name__)
_LAST_LOOK_S = 1.0
"""How long (s) after the model's deadline a look may end: the last look begins at the deadline."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Waits for predictions to end."""

    settings: Settings
    waiting: QueuePositions
    slots: Slots
    calls: Calls
    terms: Terms
    progress: Progress

    def ended(
        self, slot: Slot, provider: Provider, created: Prediction | None, clock: Callable[[], float]
    ) -> tuple[Prediction, float | None]:
        """Wait until the prediction has ended, and show its progress meanwhile.

        Args:
            slot: The job, which is `running`.
            provider: The provider that makes the prediction.
            created: The provider's response to the submission. None where this slot did not submit the job:
                a webhook may have been missed, so the first look is made at once.
            clock: Returns the ledger's time (Unix seconds).

        Returns:
            The ended prediction, and how long it took (s); see `Watch.took`.

        Raises:
            OutOfTime: The model's deadline is over.
        """
        if created is not None and created.status in ENDED:
            return created, created.took_s
        watch = Watch(self, slot, provider, created, clock)
        asking = retries.polling(
            0.1 * self.settings.poll_first_s,
            watch.sleep,
            watch.wait,
            watch.left,
            lambda seen: seen.status in ENDED,
        )
        found: Prediction = asking(watch.look)
        return found, watch.took(found)


class Watch:
    """The wait for one prediction.

    `_began` and `_deadline` are times of the ledger's clock; all other times are seconds since `_began`.
    Looks are rare. Between them, as often as the plain backoff would poll, the chat is shown how far the
    prediction should be by now.
    """

    def __init__(
        self,
        polling: Polling,
        slot: Slot,
        provider: Provider,
        created: Prediction | None,
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._polling = polling
        self._slot = slot
        self._provider = provider
        self._seen = created
        self._fresh = created is not None
        settings, deadline_s = polling.settings, polling.terms.deadline_s(slot.job)
        # A prediction that this slot submitted begins now, even if the ledger's clock was changed.
        self._began = clock() if self._fresh else min(clock(), slot.job.stamps["running"])
        self._deadline = self._began + deadline_s
        try:
            durations, active = polling.waiting.past(slot.job.request.model)
        except LedgerUnavailable:
            durations, active = [], 0
        self._longest = max(durations, default=polling.terms.typical_s(slot.job))
        self._ticks = Backoff(settings.poll_first_s, settings.poll_factor, settings.poll_max_s)
        self._rhythm = rhythm(settings, durations, active)
        self._trouble: Backoff | None = None
        self._woken = False
        self._hoping = self._fresh and bool(settings.provider_webhook_url) and polling.slots.hinted
        self._next = 0.0
        if self._hoping:
            self._plan(overdue(settings, durations, deadline_s))
        elif self._fresh:
            self._plan(self._rhythm.wait(0.0))

    def left(self) -> float:
        """Return the seconds to the prediction's deadline."""
        return self._deadline - self._clock()

    def wait(self) -> float:
        """Return the seconds until the next look, or until the chat is to be shown new progress."""
        now = self._elapsed()
        return max(0.0, min(self._next - now, self._ticks.wait(now)))

    def sleep(self, seconds: float) -> None:
        """Pause the slot, and note whether it was woken."""
        self._woken = self._slot.wait(seconds)

    def look(self) -> Prediction:
        """Return the prediction as it was last seen, or poll it if it is time or the slot was woken."""
        self._slot.check()
        now = self._elapsed()
        if self._hoping and not self._polling.slots.hinted:
            self._hoping = False
            self._plan(now + self._rhythm.wait(now))
        if self._seen is not None and now < self._next and not self._woken:
            self._show(self._seen, now)
            return self._seen
        return self._ask(now)

    def took(self, ended: Prediction) -> float | None:
        """Return how long the prediction ran (s): the provider's figure, else an estimate from the last look.

        None where the provider does not say and this slot did not submit the job.
        """
        if ended.took_s is not None or not self._fresh:
            return ended.took_s
        now = self._elapsed()
        return now - (0.0 if self._woken else min(now, self._ticks.first) / 2)

    def _ask(self, now: float) -> Prediction:
        self._polling.calls.to_ask(self._slot, self._provider)
        self._slot.job = replace(self._slot.job, polls=self._slot.job.polls + 1)
        try:
            with within(lambda: self.left() + _LAST_LOOK_S):
                prediction = self._provider.get(self._slot.job.prediction)
        except PassingError:
            self._trouble = self._trouble or replace(self._ticks, begin=now)
            self._plan(now + self._trouble.wait(now))
            raise
        self._trouble = None
        # From now on the rhythm decides, as the webhook was lost or came too soon.
        hoped, self._hoping = self._hoping, False
        if prediction.status not in ENDED:
            self._seen = prediction
            with suppress(LedgerUnavailable):
                # The number of active predictions has changed since the last look.
                past = self._polling.waiting.past(self._slot.job.request.model)
                self._rhythm = rhythm(self._polling.settings, *past)
            self._plan(now + self._rhythm.wait(now))
            self._show(prediction, now)
            return prediction
        if hoped and not self._woken:
            log.warning("no webhook told of an end")
            self._polling.slots.unheard()
        return prediction

    def _plan(self, at: float) -> None:
        """Set the time of the next look, at the latest the deadline."""
        self._next = min(at, self._deadline - self._began)

    def _show(self, seen: Prediction, now: float) -> None:
        guess = min(90, round(10 * now / self._longest) * 10) if self._longest > 0 else 0
        if now >= self._ticks.first:
            self._polling.progress.show(self._slot, seen.progress or guess)

    def _elapsed(self) -> float:
        return self._clock() - self._began
