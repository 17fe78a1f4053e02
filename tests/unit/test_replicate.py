"""What Replicate's bodies and webhooks mean, without a connection."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from providers.base import ENDED, Prediction, Status, WebhookRefused
from providers.replicate import is_local, is_refusal, read, urls_in, verified

SECRET = "whsec_" + "c2VjcmV0" * 4
OTHER_SECRET = "whsec_" + "b3RoZXI0" * 4
BAR = "Using seed: 7\n  0%|          | 0/28\n 25%|██▌       | 7/28\n 39%|███▉      | 11/28 [00:02<00:03]"


def body(status: str = "processing", **more: Any) -> dict[str, Any]:
    return {"id": "p1", "status": status, "output": None, "error": None, "logs": "", **more}


# Statuses, progress, errors.


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("starting", Status.QUEUED),
        ("processing", Status.RUNNING),
        ("succeeded", Status.SUCCEEDED),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELLED),
        ("aborted", Status.CANCELLED),
    ],
)
def test_every_published_status_has_a_meaning(word: str, status: Status) -> None:
    assert read(body(word)).status is status


def test_a_status_that_we_do_not_know_counts_as_running() -> None:
    """Given a status that Replicate may add one day, the job goes on until its deadline."""
    assert read(body("warming")).status is Status.RUNNING
    assert Status.RUNNING not in ENDED


@pytest.mark.parametrize(
    ("logs", "progress"),
    [
        ("", 0),
        (None, 0),
        ("Using seed: 7", 0),
        (BAR, 39),
        ("100%|██████████| 28/28", 99),  # drawn, and not yet stored by the provider
        ("at 140% of the speed", 99),
    ],
)
def test_progress_is_the_last_percentage_in_the_logs(logs: str | None, progress: int) -> None:
    assert read(body(logs=logs)).progress == progress


def test_a_prediction_that_succeeded_is_at_100_whatever_its_logs_say() -> None:
    assert read(body("succeeded", logs=BAR)).progress == 100


def test_bodies_without_the_optional_fields_can_be_read() -> None:
    assert read({"id": "p1", "status": "starting"}) == Prediction("p1", Status.QUEUED)


@pytest.mark.parametrize("broken", [{}, {"status": "starting"}, {"id": "p1"}, {"id": "p1", "status": []}])
def test_a_body_that_is_no_prediction_is_an_error_of_the_expected_kinds(broken: dict[str, Any]) -> None:
    """Given less than an id and a status, the errors are those that the callers map."""
    with pytest.raises((KeyError, TypeError)):
        read(broken)


@pytest.mark.parametrize(
    "words",
    [
        "NSFW content detected. Try running it again, or try a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "Your prompt was blocked by our content policy",
    ],
)
def test_a_refusal_of_the_content_is_told_from_other_errors(words: str) -> None:
    refused = read(body("failed", error=words))
    assert (refused.status, refused.refused, refused.error) == (Status.FAILED, True, words)
    assert not read(body("failed", error="CUDA out of memory")).refused
    assert not is_refusal("")


# Outputs.


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        ("https://a/1.png", ["https://a/1.png"]),
        (["https://a/1.png", "https://a/2.png"], ["https://a/1.png", "https://a/2.png"]),
        ({"video": "https://a/1.mp4", "seed": 7}, ["https://a/1.mp4"]),
        ({"images": [{"url": "https://a/1.png"}, {"url": "data:,x"}]}, ["https://a/1.png", "data:,x"]),
        ([["https://a/1.png"], [{"deep": {"deeper": ["data:,x"]}}]], ["https://a/1.png", "data:,x"]),
        ("a text, no URL", []),
        ("file:///etc/passwd", []),
        ({"unexpected": True}, []),
        ([], []),
        (None, []),
        (7, []),
    ],
)
def test_urls_are_found_wherever_a_model_puts_them(output: Any, urls: list[str]) -> None:
    assert urls_in(output) == urls
    assert read(body("succeeded", output=output)).outputs == tuple(urls)


# Where the API runs.


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8090/v1", True),
        ("http://localhost:8090/v1", True),
        ("http://[::1]:8090/v1", True),
        ("http://192.168.1.7/v1", True),
        ("https://api.replicate.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://localhost.example.com/v1", False),
    ],
)
def test_an_api_on_a_private_address_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local


# Webhooks.


def signed(
    raw: str, secret: str = SECRET, age: timedelta = timedelta(), message: str = "msg_1"
) -> Mapping[str, str]:
    """The headers that Replicate sends with this body."""
    at = datetime.now(UTC) - age
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, at, raw),
    }


RAW = json.dumps(body("succeeded", output=["https://a/1.png"]))


def test_a_genuine_webhook_is_the_prediction() -> None:
    assert verified(SECRET, signed(RAW), RAW.encode()) == read(json.loads(RAW))


def test_one_good_signature_of_several_is_enough() -> None:
    """Given a secret that is being replaced, Replicate signs with the old one and the new one."""
    headers = {**signed(RAW)}
    headers["webhook-signature"] = f"{signed(RAW, OTHER_SECRET)['webhook-signature']} " + str(
        headers["webhook-signature"]
    )
    assert verified(SECRET, headers, RAW.encode()).id == "p1"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(signed(RAW, OTHER_SECRET), id="forged"),
        pytest.param(signed(RAW.replace("p1", "p2")), id="signed for another body"),
        pytest.param({**signed(RAW), "webhook-id": "msg_2"}, id="signed for another message"),
        pytest.param(signed(RAW, age=timedelta(minutes=6)), id="too old"),
        pytest.param(signed(RAW, age=-timedelta(minutes=6)), id="from the future"),
        pytest.param({**signed(RAW), "webhook-timestamp": "soon"}, id="no time"),
        pytest.param({**signed(RAW), "webhook-signature": "v1"}, id="no signature in it"),
        pytest.param({**signed(RAW), "webhook-signature": "v1,%%%"}, id="not base64"),
        pytest.param({**signed(RAW), "webhook-signature": "v1,подпись"}, id="not ASCII"),
        pytest.param({}, id="not signed"),
    ],
)
def test_any_other_webhook_is_refused(headers: Mapping[str, str]) -> None:
    with pytest.raises(WebhookRefused):
        verified(SECRET, headers, RAW.encode())


def test_a_body_of_other_white_space_is_another_body() -> None:
    """The signature is over the raw bytes, not over what they mean."""
    with pytest.raises(WebhookRefused):
        verified(SECRET, signed(RAW), json.dumps(json.loads(RAW), indent=1).encode())


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "null",
        "[]",
        '"p1"',
        '{"id": "p1"}',
        '{"id": "../account", "status": "succeeded"}',
        '{"id": "", "status": "succeeded"}',
        '{"id": "p1", "status": "succeeded", "logs": 7}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_signed_body_that_is_no_prediction_is_refused(raw: str) -> None:
    """Given whatever the holder of the secret may sign, nothing but WebhookRefused comes out."""
    with pytest.raises(WebhookRefused):
        verified(SECRET, signed(raw), raw.encode())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%"])
def test_without_a_proper_secret_no_webhook_is_believed(secret: str) -> None:
    with pytest.raises(WebhookRefused):
        verified(secret, signed(RAW), RAW.encode())
