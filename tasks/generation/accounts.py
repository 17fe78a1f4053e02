"""The accounts with providers: who makes images and videos, and how often they may be called."""

from collections.abc import Mapping
from dataclasses import dataclass

import redis

from config.settings import Settings
from ledger.limits.provider_quota import ProviderQuota
from providers.base import Provider
from providers.replicate import Replicate
from tasks.generation.calls import Calls


@dataclass(frozen=True, slots=True)
class Accounts:
    """The providers by name, and the turns to call them."""

    providers: Mapping[str, Provider]
    calls: Calls

    def close(self) -> None:
        """Close the connections to all providers."""
        for provider in self.providers.values():
            provider.close()


def open_accounts(settings: Settings, client: "redis.Redis", capacity: int) -> Accounts:
    """Make them for so many slots. No provider is asked yet. The caller closes them.

    Args:
        settings: With each provider's address, token and limits.
        client: The ledger's Redis, in which all processes share the limits.
        capacity: Slots, each of which may call a provider at a time.
    """
    replicate = Replicate(
        settings.replicate_api_url,
        settings.replicate_api_token,
        settings.provider_timeout_s,
        capacity,
    )
    creates, others = settings.replicate_creates_per_min, settings.replicate_calls_per_min
    calls = Calls(
        {"replicate": ProviderQuota(client, "replicate", "creates", creates)},
        {"replicate": ProviderQuota(client, "replicate", "others", others)},
    )
    return Accounts({"replicate": replicate}, calls)
