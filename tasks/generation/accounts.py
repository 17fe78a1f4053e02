"""The accounts with providers: their clients, and the rate limits of calls to them."""

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
    """The providers by name, and the rate limits of calls to them."""

    providers: Mapping[str, Provider]
    calls: Calls

    def close(self) -> None:
        """Close the connections to all providers."""
        for provider in self.providers.values():
            provider.close()


def open_accounts(settings: Settings, client: "redis.Redis", capacity: int) -> Accounts:
    """Return the accounts, without calling a provider yet. The caller closes them.

    Args:
        settings: Has each provider's address, token and limits.
        client: The ledger's Redis, in which all processes share the limits.
        capacity: The number of slots. Each slot makes one call at a time.
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
