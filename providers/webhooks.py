"""Verifying the providers' webhooks. A receiver needs no API client for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from config.settings import Settings
from providers.base import ENDED, WebhookRefused
from providers.replicate_answers import verified

__all__ = ["Hint", "Verifier", "WebhookRefused", "verifiers"]


@dataclass(frozen=True, slots=True)
class Hint:
    """The content of a verified webhook. It only says which prediction to poll: the poll decides.

    Attributes:
        delivery: The webhook's own id, the same in every repetition of it.
        prediction: The prediction's id.
        ended: The prediction has ended, so a poll is worthwhile.
    """

    delivery: str
    prediction: str
    ended: bool


Verifier = Callable[[Mapping[str, str], bytes], Hint]
"""Takes the headers (names in lower case) and the raw body, and returns the hint; raises WebhookRefused."""


def verifiers(settings: Settings) -> Mapping[str, Verifier]:
    """Return the verifier of each provider, by the provider's name."""
    return {"replicate": partial(_replicate, settings.replicate_webhook_secret)}


def _replicate(secret: str, headers: Mapping[str, str], body: bytes) -> Hint:
    prediction = verified(secret, headers, body)
    return Hint(headers["webhook-id"], prediction.id, prediction.status in ENDED)
