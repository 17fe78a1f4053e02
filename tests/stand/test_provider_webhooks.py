"""Webhooks of the provider stand, received by a real server and verified by two independent libraries."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks
from patience import LONG_S, eventually
from replicate.webhook import InvalidSignatureError, Webhooks, WebhookSigningSecret

from sandbox.processes import Program
from stand.provider.client import ProviderStand

ROOT = Path(__file__).parents[2]
SKETCH = "/v1/models/darkroom/sketch/predictions"
TOKEN = {"Authorization": "Bearer webhooks"}
Json = dict[str, Any]


class Receiver:
    """A web server that keeps what it is sent and answers with the codes it is told, then with 200."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.received.append((headers, body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?job=j-1"

    def bodies(self) -> list[Json]:
        """What came, read."""
        return [json.loads(body) for _, body in self.received]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join(LONG_S)
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver for one test."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A stand in a process of its own."""
    argv = [sys.executable, "-m", "stand.provider", "--latency", "image=0.1", "--fast-media"]
    with Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program.url


@pytest.fixture
def stand(url: str) -> Iterator[ProviderStand]:
    """The stand's control side, set back after the test."""
    with ProviderStand(url) as client:
        before = client.settings(webhook_retry_s=0.05)
        yield client
        client.clear_faults()
        client.settings(**before)


def create(url: str, receiver: Receiver, *events: str, prompt: str = "told", wait: bool = True) -> Json:
    """A prediction that tells the receiver."""
    body: Json = {"input": {"prompt": prompt}, "webhook": receiver.url}
    if events:
        body["webhook_events_filter"] = list(events)
    headers = {**TOKEN, **({"Prefer": "wait"} if wait else {})}
    made: Json = httpx.post(url + SKETCH, json=body, headers=headers, timeout=30).raise_for_status().json()
    return made


def secret(url: str) -> str:
    """The signing secret, as an account asks for it."""
    return str(httpx.get(f"{url}/v1/webhooks/default/secret", headers=TOKEN).json()["key"])


def test_the_end_is_told_with_the_body_of_a_get(url: str, stand: ProviderStand, receiver: Receiver) -> None:
    """Signed so that both libraries take it; a changed body is refused by both."""
    made = create(url, receiver, "completed")
    eventually(lambda: len(receiver.received) == 1)
    headers, body = receiver.received[0]
    shown = httpx.get(made["urls"]["get"], headers=TOKEN).json()
    assert standardwebhooks.Webhook(secret(url)).verify(body, headers) == shown
    key = WebhookSigningSecret(key=secret(url))
    Webhooks.validate(headers=headers, body=body.decode(), secret=key, tolerance=60)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret(url)).verify(body + b" ", headers)
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(headers=headers, body=body.decode() + " ", secret=key)


def test_the_filter_chooses_the_events(url: str, stand: ProviderStand, receiver: Receiver) -> None:
    """start, then logs while it works, then output and completed; by default the last two."""
    stand.settings(image_mean_s=1.3, sigma=0)
    create(url, receiver, "start", "logs", "completed")
    eventually(lambda: len(receiver.received) >= 4)
    told = sorted((each["status"], "100%" in each["logs"]) for each in receiver.bodies())
    assert told == [*[("processing", False)] * 3, ("succeeded", True)]
    stand.settings(image_mean_s=0.1)
    made = create(url, receiver)
    eventually(lambda: len(receiver.received) == 6)
    sent = [each["event"] for each in stand.webhooks() if each["prediction"] == made["id"]]
    assert sent == ["output", "completed"]


def test_a_cancel_is_told_too(url: str, stand: ProviderStand, receiver: Receiver) -> None:
    """`completed` means any end."""
    stand.hold()
    made = create(url, receiver, "completed", wait=False)
    httpx.post(made["urls"]["cancel"], headers=TOKEN)
    eventually(lambda: len(receiver.received) == 1)
    assert receiver.bodies()[0]["status"] == "canceled"


def test_a_webhook_is_repeated_until_it_is_taken(url: str, stand: ProviderStand, receiver: Receiver) -> None:
    """Two errors, then 200: three attempts of one message id; a receiver that is gone is given up."""
    receiver.answers = [500, 503]
    made = create(url, receiver, "completed")
    eventually(lambda: len(receiver.received) == 3)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    eventually(lambda: _record(stand, made)["status"] == 200)
    assert _record(stand, made)["attempts"] == 3
    receiver.url = "http://127.0.0.1:9/hook"
    gone = create(url, receiver, "completed")
    eventually(lambda: _record(stand, gone)["attempts"] == 5)
    assert _record(stand, gone)["status"] is None


def _record(stand: ProviderStand, made: Json) -> Json:
    return next(each for each in stand.webhooks() if each["prediction"] == made["id"])


@pytest.mark.parametrize(
    ("kind", "count", "good"),
    [("forge", 1, False), ("stale", 1, False), ("replay", 2, True), ("drop", 0, True), ("delay", 1, True)],
)
def test_a_webhook_can_be_wrong(
    url: str, stand: ProviderStand, receiver: Receiver, kind: str, count: int, good: bool
) -> None:
    """Forged, an hour old, twice, never, late: by an order beforehand, or by hand afterwards."""
    stand.fault(kind, "webhook", seconds=0.2, match=kind)
    made = create(url, receiver, "completed", prompt=f"wrong {kind}")
    stand.webhook(made["id"], kind, seconds=0.2)
    eventually(lambda: len(receiver.received) == 2 * count)
    records = [each for each in stand.webhooks() if each["prediction"] == made["id"]]
    assert [each["fault"] for each in records] == [kind, kind]
    for headers, body in receiver.received:
        if good:
            assert standardwebhooks.Webhook(secret(url)).verify(body, headers)["id"] == made["id"]
        else:
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(secret(url)).verify(body, headers)


def test_a_webhook_can_be_sent_again(url: str, stand: ProviderStand, receiver: Receiver) -> None:
    """resend is a new message with the same body."""
    made = create(url, receiver, "completed")
    stand.webhook(made["id"])
    eventually(lambda: len(receiver.received) == 2)
    (first, body), (second, again) = receiver.received
    assert body == again
    assert first["webhook-id"] != second["webhook-id"]


def test_an_address_that_is_none_is_refused(url: str, receiver: Receiver) -> None:
    """422, as is an unknown event."""
    body: Json = {"input": {"prompt": "x"}, "webhook": "ftp://127.0.0.1/"}
    assert httpx.post(url + SKETCH, json=body, headers=TOKEN).status_code == 422
    body |= {"webhook": receiver.url, "webhook_events_filter": ["done"]}
    assert httpx.post(url + SKETCH, json=body, headers=TOKEN).status_code == 422
