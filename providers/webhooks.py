"""How the webhooks of each provider are verified: all that a receiver needs, without a client of the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from config.settings import Settings
from providers.base import ENDED, WebhookRefused
from providers.replicate_answers import verified

__all__ = ["Hint", "Verifier", "WebhookRefused", "verifiers"]


@dataclass(frozen=True, slots=True)
class Hint:
    """What a genuine webhook tells. Nothing but the id is to be believed: the provider is asked.

    `delivery` is the webhook's own id, the same in every repetition; `ended`: a look is worth while.
    """

    delivery: str
    prediction: str
    ended: bool


Verifier = Callable[[Mapping[str, str], bytes], Hint]
"""Takes the headers (names in lower case) and the raw body; raises WebhookRefused."""


def verifiers(settings: Settings) -> Mapping[str, Verifier]:
    """The verifier of each provider, by the provider's name."""
    return {"replicate": partial(_replicate, settings.replicate_webhook_secret)}


def _replicate(secret: str, headers: Mapping[str, str], body: bytes) -> Hint:
    prediction = verified(secret, headers, body)
    return Hint(headers["webhook-id"], prediction.id, prediction.status in ENDED)
