"""Rate limits of calls to providers. All processes share the limit of an account, and VIPs' jobs go first."""

import time
from collections.abc import Callable, Mapping

import retries
from jobs.errors import PassingError
from jobs.model import Tier
from ledger.limits.provider_quota import ProviderQuota
from providers.base import Provider
from tasks.slots import Slot

PATIENCE_S = 10.0
"""Wait (s) after which a regular job's call is as urgent as a VIP's, so that no job waits forever."""


class Calls:
    """The quotas of all providers. A provider without a quota may be called at any time."""

    def __init__(self, creates: Mapping[str, ProviderQuota], others: Mapping[str, ProviderQuota]) -> None:
        self._creates = creates
        self._others = others

    def to_create(self, slot: Slot, provider: Provider) -> None:
        """Wait for the turn to submit. Raises what the slot's wait raises."""
        _await_turn(self._creates.get(provider.name), slot)

    def to_ask(self, slot: Slot, provider: Provider) -> None:
        """Wait for the turn to make any other call. Raises what the slot's wait raises."""
        _await_turn(self._others.get(provider.name), slot)

    def made(self, provider: Provider) -> None:
        """Count a call that is made even if the quota is used up."""
        if allowance := self._others.get(provider.name):
            allowance.take(urgent=True)

    def throttled(self, provider: Provider, error: PassingError) -> None:
        """Hold back the submissions of all processes for as long as the provider's refusal asks.

        They are held for LONGEST_ADVICE_S at most, and not at all if the provider gave no time.
        """
        allowance = self._creates.get(provider.name)
        if allowance is not None and error.retry_after:
            allowance.hold(min(error.retry_after, retries.LONGEST_ADVICE_S))


def _await_turn(allowance: ProviderQuota | None, slot: Slot) -> None:
    if allowance is not None:
        retries.turn(slot.wait)(Asking(allowance, slot.job.tier is Tier.VIP))


class Asking:
    """Asks a quota for one turn. Each call returns the seconds to wait before the next; 0 grants the turn."""

    def __init__(
        self, allowance: ProviderQuota, urgent: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowance = allowance
        self._urgent = urgent
        self._clock = clock
        self._began = clock()
        self._at: float | None = None

    def __call__(self) -> float:
        now = self._clock()
        if self._at is None:
            urgent = self._urgent or now - self._began >= PATIENCE_S
            turn = self._allowance.take(urgent=urgent)
            if not turn.granted:
                return max(turn.wait_s, 0.01)
            self._at = now + turn.wait_s
        return max(0.0, self._at - now)
