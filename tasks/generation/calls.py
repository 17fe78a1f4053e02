"""Turns to call a provider: all processes together stay below what its account allows, and VIPs go first."""

import time
from collections.abc import Callable, Mapping

import retries
from jobs.errors import PassingError
from jobs.model import Tier
from ledger.limits.provider_quota import ProviderQuota
from providers.base import Provider
from tasks.slots import Slot

PATIENCE_S = 10.0
"""After this long a regular job's call is as urgent as a VIP's, so that nobody is put off for ever."""


class Calls:
    """The allowances of all providers. One that has none may be called at any time."""

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
        """Count a call that is made whatever the allowance says."""
        if allowance := self._others.get(provider.name):
            allowance.take(urgent=True)

    def throttled(self, provider: Provider, error: PassingError) -> None:
        """Have all processes obey a provider that refused a submission and said when to come back."""
        allowance = self._creates.get(provider.name)
        if allowance is not None and error.retry_after:
            allowance.hold(min(error.retry_after, retries.LONGEST_ADVICE_S))


def _await_turn(allowance: ProviderQuota | None, slot: Slot) -> None:
    if allowance is not None:
        retries.turn(slot.wait)(Asking(allowance, slot.job.tier is Tier.VIP))


class Asking:
    """Asks for one turn. Each call answers the seconds to wait before the next one, 0 when it has come."""

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
