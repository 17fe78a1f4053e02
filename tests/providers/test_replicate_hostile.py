"""Webhooks that carry a good signature and a bad body, and secrets that can verify nothing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from providers.base import WebhookRefused
from providers.replicate_answers import verified

SECRET = "whsec_" + "c2VjcmV0" * 4
RAW = json.dumps({"id": "p1", "status": "succeeded", "output": ["https://a/1.png"]})


def signed(raw: str) -> Mapping[str, str]:
    """The headers that Replicate sends with this body."""
    at = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", at, raw),
    }


def test_the_helper_signs_what_is_believed() -> None:
    assert verified(SECRET, signed(RAW), RAW.encode()).id == "p1"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param('{"id": "../account", "status": "succeeded"}', id="another path of the API"),
        pytest.param('{"id": "p1?x=1", "status": "succeeded"}', id="a query"),
        pytest.param('{"id": "", "status": "succeeded"}', id="no id"),
        pytest.param('{"id": "p1", "status": ["succeeded"]}', id="a status that is no text"),
        pytest.param("[" * 100_000, id="deeper than the parser goes"),
    ],
)
def test_a_good_signature_does_not_make_a_body_a_prediction(raw: str) -> None:
    """Given whatever the holder of the secret may sign, nothing but WebhookRefused comes out."""
    with pytest.raises(WebhookRefused):
        verified(SECRET, signed(raw), raw.encode())


def test_a_body_of_other_white_space_is_another_body() -> None:
    """The signature is over the raw bytes, not over what they mean."""
    with pytest.raises(WebhookRefused):
        verified(SECRET, signed(RAW), json.dumps(json.loads(RAW), indent=1).encode())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%"])
def test_a_secret_that_decodes_to_nothing_verifies_nothing(secret: str) -> None:
    with pytest.raises(WebhookRefused):
        verified(secret, signed(RAW), RAW.encode())
