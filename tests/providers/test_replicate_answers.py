"""What Replicate says, read: predictions, progress, outputs, refusals, addresses, webhooks."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from config.settings import Settings
from jobs.failures import Failure
from outside.addresses import is_local
from providers.base import Status, WebhookRefused
from providers.replicate_answers import read, urls_in
from providers.webhooks import Hint, verifiers

SECRET = "whsec_" + base64.b64encode(b"twenty-four random bytes").decode()
ELSEWHERE = "whsec_" + base64.b64encode(b"somebody else's 24 bytes").decode()
DONE = {"id": "p1", "status": "succeeded", "output": ["https://r.example/a.png"], "logs": "", "error": None}

WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=8)
URLS = st.builds("{}{}".format, st.sampled_from(["https://", "http://", "data:"]), WORDS)
OTHER = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
OUTPUTS = st.recursive(
    URLS | OTHER, lambda part: st.lists(part, max_size=4) | st.dictionaries(WORDS, part, max_size=4)
)


def signed(
    body: bytes, *, secret: str = SECRET, age: timedelta = timedelta(), name: str = "msg_1"
) -> dict[str, str]:
    """The headers that Replicate sends with a webhook."""
    at = datetime.now(UTC) - age
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body.decode()),
    }


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("starting", Status.QUEUED),
        ("processing", Status.RUNNING),
        ("succeeded", Status.SUCCEEDED),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELLED),
        ("aborted", Status.CANCELLED),
        ("warming up the flux capacitor", Status.RUNNING),
    ],
)
def test_a_status_has_one_meaning_and_an_unknown_one_is_running(said: str, meant: Status) -> None:
    assert read({"id": "p1", "status": said}).status is meant


@pytest.mark.parametrize(
    ("status", "logs", "percent"),
    [
        ("processing", None, 0),
        ("processing", "Using seed: 42\nloading weights", 0),
        ("processing", "  0%|          | 0/28\n 40%|████      | 11/28 [00:02<00:03]", 40),
        ("processing", "100%|██████████| 28/28", 99),
        ("processing", "denoising 100%|███|\nupscaling  7%|▋  |", 7),
        ("succeeded", " 40%|████      |", 100),
    ],
)
def test_progress_is_the_last_figure_in_the_log(status: str, logs: str | None, percent: int) -> None:
    """Given a log, when it is read, I expect its last figure, and 100 only once it is done."""
    assert read({"id": "p1", "status": status, "logs": logs}).progress == percent


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (None, []),
        ("https://r.example/a.mp4", ["https://r.example/a.mp4"]),
        (["https://r.example/a.png", "https://r.example/b.png"], ["https://r.example/a.png", "https://r.example/b.png"]),
        ({"images": [{"url": "https://r.example/a.png"}], "seed": 7}, ["https://r.example/a.png"]),
        ("data:image/png;base64,AAAA", ["data:image/png;base64,AAAA"]),
        (["a poem", "file:///etc/passwd", "ftp://r.example/a.png", 3], []),
    ],
)  # fmt: skip
def test_urls_are_found_in_any_output(output: Any, urls: list[str]) -> None:
    assert urls_in(output) == urls


@given(OUTPUTS)
def test_every_url_of_an_output_is_found_once_and_nothing_else(output: Any) -> None:
    """Given any JSON, I expect the URLs that its text holds as whole strings, in their order."""
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                walk(each)
        elif isinstance(part, str) and part.partition(":")[0] in ("http", "https", "data") and ":" in part:
            found.append(part)

    walk(output)
    assert urls_in(output) == found
    assert urls_in([output, output]) == found * 2


@pytest.mark.parametrize(
    ("error", "failure", "said"),
    [
        ("NSFW content detected. Try another prompt.", Failure.REFUSED, "NSFW content detected."),
        ({"code": "content_policy_violation"}, Failure.REFUSED, "content_policy_violation"),
        ("Prediction failed: CUDA out of memory.", Failure.PROVIDER_FAILED, "out of memory"),
        (None, Failure.PROVIDER_FAILED, ""),
    ],
)
def test_a_failed_prediction_says_whose_it_is_to_mend(error: Any, failure: Failure, said: str) -> None:
    prediction = read({"id": "p1", "status": "failed", "error": error})
    assert prediction.failure is failure
    assert said in prediction.error


@pytest.mark.parametrize("status", ["processing", "succeeded", "canceled"])
def test_what_did_not_fail_is_nobodys_to_mend(status: str) -> None:
    assert read({"id": "p1", "status": status, "error": "NSFW content detected"}).failure is None


@pytest.mark.parametrize("logs", [7, ["40%"], {"lines": 1}, True])
def test_logs_that_are_no_text_change_nothing_but_the_progress(logs: Any) -> None:
    found = read({"id": "p1", "status": "processing", "logs": logs})
    assert (found.status, found.progress) == (Status.RUNNING, 0)


@pytest.mark.parametrize(
    ("body", "pending"),
    [
        ({"status": "succeeded", "output": None}, True),
        ({"status": "succeeded"}, True),
        ({"status": "succeeded", "output": {"images": [None, ""]}}, True),
        ({"status": "succeeded", "output": None, "data_removed": True}, False),
        ({"status": "succeeded", "output": {"unexpected": True}}, False),
        ({"status": "succeeded", "output": [None, "https://r.example/a.png"]}, False),
        ({"status": "processing", "output": None}, False),
    ],
)
def test_an_output_may_be_shown_later_than_the_success(body: dict[str, Any], pending: bool) -> None:
    """Given nothing where the output will be, I expect it to be waited for; not where it was removed, or is
    something that cannot be fetched."""
    assert read({"id": "p1", **body}).pending is pending


def test_what_only_goes_with_the_result_comes_last() -> None:
    output = {
        "preview_image": "https://r.example/p.mp4",
        "masks": ["https://r.example/m.png"],
        "video": "https://r.example/v.mp4",
        "extra": {"url": "https://r.example/x.mp4"},
    }
    outputs = read({"id": "p1", "status": "succeeded", "output": output}).outputs
    assert [url[-5] for url in outputs] == ["v", "x", "p", "m"]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("https://api.replicate.com/v1", False),
        ("https://93.184.216.34/v1", False),
        ("https://localhost.example.org/v1", False),
        ("http://localhost:8090/v1", True),
        ("http://127.0.0.1:8090/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://192.168.0.9:5000", True),
        ("http://[::1]:8090/v1", True),
    ],
)
def test_a_provider_on_a_private_address_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local


BODY = json.dumps(DONE).encode()


def heard(headers: Mapping[str, str], body: bytes, secret: str = SECRET) -> Hint:
    """What the bot hears in a webhook."""
    return verifiers(Settings(replicate_webhook_secret=secret))["replicate"](headers, body)


@pytest.mark.parametrize(("status", "ended"), [("succeeded", True), ("processing", False)])
def test_a_webhook_that_is_signed_is_read(status: str, ended: bool) -> None:
    """Given a body signed with our secret (among other signatures), I expect its prediction."""
    body = json.dumps({**DONE, "status": status}).encode()
    headers = signed(body)
    assert heard(headers, body) == Hint("msg_1", "p1", ended)
    rotated = signed(body, secret=ELSEWHERE)["webhook-signature"] + " " + headers["webhook-signature"]
    assert heard({**headers, "webhook-signature": rotated}, body) == Hint("msg_1", "p1", ended)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(lambda: signed(BODY, secret=ELSEWHERE), BODY, id="forged"),
        pytest.param(lambda: signed(BODY, age=HOUR), BODY, id="too old"),
        pytest.param(lambda: signed(BODY, age=-HOUR), BODY, id="from the future"),
        pytest.param(lambda: signed(BODY), BODY.replace(b"p1", b"p2"), id="another body"),
        pytest.param(lambda: signed(BODY) | {"webhook-id": "msg_2"}, BODY, id="another id"),
        pytest.param(lambda: signed(BODY) | {"webhook-signature": "v1"}, BODY, id="no signature"),
        pytest.param(lambda: signed(BODY) | {"webhook-timestamp": "today"}, BODY, id="no time"),
        pytest.param(dict, BODY, id="no headers"),
        pytest.param(lambda: signed(b"not JSON"), b"not JSON", id="no JSON"),
        pytest.param(lambda: signed(b"[1]"), b"[1]", id="no object"),
        pytest.param(lambda: signed(b'{"id": "p1"}'), b'{"id": "p1"}', id="no prediction"),
        pytest.param(lambda: signed(BODY), b"\xff\xfe", id="no text"),
    ],
)
def test_any_other_webhook_is_refused(headers: Callable[[], dict[str, str]], body: bytes) -> None:
    with pytest.raises(WebhookRefused, match="webhook refused"):
        heard(headers(), body)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(max_size=30) | st.just(str(int(time.time()))) | st.just("v1,AAAA"),
    ),
    st.binary(max_size=40),
)
def test_whatever_is_posted_is_refused_without_a_crash(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookRefused):
        heard(headers, body)


def test_without_a_secret_every_webhook_is_refused() -> None:
    """Given no signing key, when anything comes, I expect a refusal that names the setting."""
    with pytest.raises(WebhookRefused, match="REPLICATE_WEBHOOK_SECRET"):
        heard(signed(BODY), BODY, secret="")
