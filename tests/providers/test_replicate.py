"""`providers.replicate` against the provider stand: what each answer, and each missing one, becomes."""

import base64
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn
from patience import LONG_S
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from providers.base import (
    Cancelled,
    LookRefused,
    OutcomeUnknown,
    Prediction,
    Status,
    Submission,
    WebhookRefused,
)
from providers.replicate import Replicate
from providers.replicate_answers import verified
from sandbox.environment import free_port
from sandbox.processes import Program
from stand.provider.client import ProviderStand

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"twenty-four random bytes").decode()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A stand with the media of load runs, in a process of its own."""
    argv = [sys.executable, "-m", "stand.provider", "--fast-media", "--webhook-secret", SECRET]
    argv += ["--latency", "image=0.05,video=0.05", "--sigma", "0"]
    with Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program.url


@pytest.fixture(scope="module")
def control(url: str) -> Iterator[ProviderStand]:
    with ProviderStand(url) as client:
        yield client


@pytest.fixture
def stand(control: ProviderStand) -> Iterator[ProviderStand]:
    """The stand's control side, set back after the test."""
    yield control
    control.clear_faults()
    control.settings(hold=False)


@pytest.fixture(scope="module")
def replicate(url: str) -> Iterator[Replicate]:
    with closing(Replicate(f"{url}/v1", "r8_stand", 5.0, 4)) as provider:
        yield provider


def asked(prompt: str, webhook: str = "", reference: str = "darkroom/sketch", **values: Any) -> Submission:
    return Submission(reference, {"prompt": prompt, **values}, 60.0, webhook)


def until(replicate: Replicate, prediction: str, status: Status, within_s: float = LONG_S) -> Prediction:
    """The prediction once it has come that far."""
    deadline = time.monotonic() + within_s
    while (found := replicate.get(prediction)).status is not status:
        assert time.monotonic() < deadline, f"{found} is not {status} within {within_s} s"
        time.sleep(0.02)
    return found


# The way of a prediction.


def test_a_prediction_is_made_watched_and_done(replicate: Replicate, stand: ProviderStand) -> None:
    """Given a submission, I expect it queued or running at first, one paid run, and one output URL."""
    made = replicate.submit(asked("a red fox", aspect_ratio="16:9"))
    assert made.status in (Status.QUEUED, Status.RUNNING)
    assert made.outputs == ()
    done = until(replicate, made.id, Status.SUCCEEDED)
    assert (done.id, done.progress, done.error, done.failure) == (made.id, 100, "", None)
    (url,) = done.outputs
    assert httpx.get(url, trust_env=False).headers["content-type"] == "image/png"
    assert [paid["id"] for paid in stand.submissions("a red fox")] == [made.id]


def test_a_video_may_be_a_bare_url(replicate: Replicate) -> None:
    made = replicate.submit(asked("waves at night", reference="darkroom/motion"))
    assert len(until(replicate, made.id, Status.SUCCEEDED).outputs) == 1


def test_a_model_can_be_pinned_to_a_version(replicate: Replicate, url: str) -> None:
    """Given `owner/name:version`, I expect that version to be run."""
    headers = {"Authorization": "Bearer r8_stand"}
    model = httpx.get(f"{url}/v1/models/darkroom/sketch", headers=headers, trust_env=False).json()
    version = model["latest_version"]["id"]
    # The API takes `owner/name:version` for a version, too.
    made = replicate.submit(asked("pinned", reference=f"darkroom/sketch:{version}"))
    assert until(replicate, made.id, Status.SUCCEEDED).outputs


def test_progress_is_what_the_log_shows(replicate: Replicate, stand: ProviderStand) -> None:
    stand.hold()
    made = replicate.submit(asked("a slow fox"))
    until(replicate, made.id, Status.RUNNING)
    seen = []
    # The stand's model has 28 steps, and its last one is done with the prediction.
    for share in (0.25, 0.5, 1.0):
        stand.progress(made.id, share)
        seen.append(replicate.get(made.id).progress)
    assert seen == [25, 50, 96]
    stand.release(made.id)
    assert replicate.get(made.id).progress == 100


def test_a_status_that_nobody_knows_is_running(replicate: Replicate, stand: ProviderStand) -> None:
    stand.hold()
    made = replicate.submit(asked("an odd fox"))
    until(replicate, made.id, Status.RUNNING)
    stand.fault("unknown_status", "get", match="an odd fox", unknown_status="warming")
    assert replicate.get(made.id).status is Status.RUNNING
    assert stand.faults() == []


@pytest.mark.parametrize(
    ("fault", "status", "failure"),
    [
        ({"kind": "fail"}, Status.FAILED, Failure.PROVIDER_FAILED),
        ({"kind": "refuse"}, Status.FAILED, Failure.REFUSED),
        ({"kind": "wrong_output"}, Status.SUCCEEDED, None),
    ],
)
def test_an_end_without_an_output(
    replicate: Replicate, stand: ProviderStand, fault: dict[str, Any], status: Status, failure: Failure | None
) -> None:
    prompt = f"a fox to {fault['kind']}"
    stand.fault(on="prediction", match=prompt, **fault)
    ended = until(replicate, replicate.submit(asked(prompt)).id, status)
    assert (ended.outputs, ended.failure) == ((), failure)
    assert bool(ended.error) is (status is Status.FAILED)


@pytest.mark.parametrize(("ours", "theirs"), [(300.0, 300), (0.5, 5)])
def test_the_provider_knows_the_deadline(
    replicate: Replicate, stand: ProviderStand, ours: float, theirs: int
) -> None:
    """Given a deadline, I expect Replicate to have it too: it stops a run whose worker is gone.

    Five seconds is the shortest that the API takes.
    """
    made = replicate.submit(Submission("darkroom/sketch", {"prompt": "an endless fox"}, ours))
    (shown,) = (each for each in stand.predictions() if each["id"] == made.id)
    times = [datetime.fromisoformat(shown[name]) for name in ("created_at", "deadline")]
    assert (times[1] - times[0]).total_seconds() == pytest.approx(theirs, abs=0.5)


# Cancelling.


def test_a_cancel_stops_a_prediction_that_runs(replicate: Replicate, stand: ProviderStand) -> None:
    stand.hold()
    made = replicate.submit(asked("an unwanted fox"))
    assert replicate.cancel(made.id) is Cancelled.REQUESTED
    assert until(replicate, made.id, Status.CANCELLED).outputs == ()


def test_a_cancel_may_come_too_late_or_for_nothing(replicate: Replicate) -> None:
    made = replicate.submit(asked("a quick fox"))
    until(replicate, made.id, Status.SUCCEEDED)
    assert replicate.cancel(made.id) is Cancelled.TOO_LATE
    assert replicate.get(made.id).status is Status.SUCCEEDED
    assert replicate.cancel("nosuchprediction") is Cancelled.NOT_FOUND


# Submissions that go wrong: what is surely not paid is passing, and what may be is unknown.


def test_a_throttled_submission_is_passing_and_tells_the_wait(
    replicate: Replicate, stand: ProviderStand
) -> None:
    stand.fault("429", "create", retry_after=7, match="a throttled fox")
    with pytest.raises(PassingError, match="HTTP 429") as caught:
        replicate.submit(asked("a throttled fox"))
    assert caught.value.retry_after == 7
    assert stand.total("a throttled fox") == 0


@pytest.mark.parametrize(
    ("kind", "paid"), [("500", 0), ("502", 0), ("reset", 0), ("drop_answer", 1), ("malformed", 1)]
)
def test_a_submission_without_a_clear_answer_has_an_unknown_outcome(
    replicate: Replicate, stand: ProviderStand, kind: str, paid: int
) -> None:
    """Given trouble on the way back, I expect OutcomeUnknown and one call, whether it was paid or not."""
    prompt = f"a lost fox ({kind})"
    stand.fault(kind, "create", match=prompt)
    with pytest.raises(OutcomeUnknown):
        replicate.submit(asked(prompt))
    assert stand.total(prompt) == paid
    assert stand.faults() == []


def test_a_submission_that_is_answered_too_late_has_an_unknown_outcome(
    url: str, stand: ProviderStand
) -> None:
    stand.fault("delay", "create", seconds=1.0, match="a sleepy fox")
    with (
        closing(Replicate(f"{url}/v1", "r8_stand", 0.3, 4)) as hasty,
        pytest.raises(OutcomeUnknown, match=r"OutOfTime|ReadTimeout"),
    ):
        hasty.submit(asked("a sleepy fox"))
    stand.wait_for_submissions(1, key="a sleepy fox")


def test_a_provider_that_is_not_there_has_taken_nothing() -> None:
    with closing(Replicate(f"http://127.0.0.1:{free_port()}/v1", "r8", 1.0, 1)) as replicate:
        with pytest.raises(PassingError, match="cannot be reached"):
            replicate.submit(asked("a fox nowhere"))
        with pytest.raises(PassingError):
            replicate.get("p1")


@pytest.mark.parametrize(
    ("submission", "failure"),
    [
        (asked("a fox", aspect_ratio="17:3"), Failure.REJECTED),
        (asked("a fox", colour="red"), Failure.REJECTED),
        # These come from the catalogue and the settings: no other words of the person would mend them.
        (asked("a fox", reference="darkroom/sketch:0000"), Failure.NOT_CONFIGURED),
        (asked("a fox", webhook="ftp://example.org/"), Failure.NOT_CONFIGURED),
        (asked("a fox", reference="darkroom/nosuchmodel"), Failure.NOT_CONFIGURED),
    ],
)
def test_a_submission_that_the_provider_does_not_take(
    replicate: Replicate, stand: ProviderStand, submission: Submission, failure: Failure
) -> None:
    before = stand.total()
    with pytest.raises(JobFailed) as caught:
        replicate.submit(submission)
    assert caught.value.failure is failure
    assert stand.total() == before


@pytest.mark.parametrize("token", ["", " ", "r8_one\nr8_two"])
def test_without_a_proper_token_the_account_is_not_in_order(url: str, token: str) -> None:
    """Given a token that cannot even be sent, I expect that to be said, and no outcome to be unknown; what is
    paid for can be asked about again, once the token is mended."""
    with closing(Replicate(f"{url}/v1", token, 5.0, 1)) as replicate:
        calls: list[Callable[[], object]] = [
            lambda: replicate.submit(asked("a fox")),
            lambda: replicate.upload("fox.png", "image/png", io.BytesIO(b"a picture")),
        ]
        for call in calls:
            with pytest.raises(JobFailed) as caught:
                call()
            assert caught.value.failure is Failure.NOT_CONFIGURED
        for look in (replicate.get, replicate.cancel):
            with pytest.raises(LookRefused) as refused:
                look("p1")
            assert refused.value.failure is Failure.NOT_CONFIGURED


def test_an_address_without_a_scheme_is_not_in_order() -> None:
    with closing(Replicate("api.replicate.example/v1", "r8", 1.0, 1)) as replicate:
        with pytest.raises(JobFailed) as caught:
            replicate.submit(asked("a fox"))
        assert caught.value.failure is Failure.NOT_CONFIGURED


# Reads that go wrong can be repeated.


@pytest.mark.parametrize("kind", ["429", "500", "502", "reset", "drop_answer", "malformed"])
def test_a_get_that_fails_is_passing_and_the_next_one_works(
    replicate: Replicate, stand: ProviderStand, kind: str
) -> None:
    made = replicate.submit(asked(f"a shy fox ({kind})"))
    stand.fault(kind, "get", match=f"({kind})", retry_after=3)
    with pytest.raises(PassingError) as caught:
        replicate.get(made.id)
    assert caught.value.retry_after == (3 if kind == "429" else None)
    until(replicate, made.id, Status.SUCCEEDED)


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("401", Failure.NOT_CONFIGURED),
        ("402", Failure.NOT_CONFIGURED),
        ("403", Failure.NOT_CONFIGURED),
        ("404", Failure.NOT_CONFIGURED),
        ("422", Failure.NOT_CONFIGURED),
    ],
)
def test_a_look_that_is_refused_is_passing_and_the_next_one_works(
    replicate: Replicate, stand: ProviderStand, kind: str, failure: Failure
) -> None:
    """Given a prediction that is accepted, I expect no refusal of a look or a cancel to be the last word."""
    stand.hold()
    made = replicate.submit(asked(f"a denied fox ({kind})"))
    stand.fault(kind, "get", match=f"({kind})")
    with pytest.raises(LookRefused) as caught:
        replicate.get(made.id)
    assert caught.value.failure is failure
    assert replicate.get(made.id).id == made.id
    if kind != "404":
        stand.fault(kind, "cancel", match=f"({kind})")
        with pytest.raises(LookRefused):
            replicate.cancel(made.id)
    assert replicate.cancel(made.id) is Cancelled.REQUESTED


@pytest.mark.parametrize("kind", ["500", "reset", "malformed"])
def test_a_cancel_that_fails_is_passing_and_the_next_one_works(
    replicate: Replicate, stand: ProviderStand, kind: str
) -> None:
    stand.hold()
    made = replicate.submit(asked(f"a doomed fox ({kind})"))
    stand.fault(kind, "cancel", match=f"({kind})")
    with pytest.raises(PassingError):
        replicate.cancel(made.id)
    assert replicate.cancel(made.id) is Cancelled.REQUESTED


# Files.


def test_an_uploaded_picture_can_be_animated(replicate: Replicate, stand: ProviderStand) -> None:
    """Given a picture, I expect it kept under its name and type, and its URL to be an input."""
    done = until(replicate, replicate.submit(asked("a still fox")).id, Status.SUCCEEDED)
    picture = httpx.get(done.outputs[0], trust_env=False).content
    address = replicate.upload("fox.png", "image/png", io.BytesIO(picture))
    kept = stand.files()[-1]
    assert (kept["name"], kept["content_type"], kept["size"]) == ("fox.png", "image/png", len(picture))
    moving = replicate.submit(asked("a moving fox", reference="darkroom/motion", image=address))
    until(replicate, moving.id, Status.SUCCEEDED)


@pytest.mark.parametrize("kind", ["500", "reset", "malformed"])
def test_an_upload_that_fails_is_passing(replicate: Replicate, stand: ProviderStand, kind: str) -> None:
    stand.fault(kind, "files")
    with pytest.raises(PassingError):
        replicate.upload("fox.png", "image/png", io.BytesIO(b"a picture"))


# Webhooks, as the stand sends them.


class Neighbour:
    """A server of ours: keeps what is posted to it as (headers, raw body), and answers as it is told to."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[], Response] = Response
        self.url = f"http://127.0.0.1:{free_port()}"
        app = Starlette(routes=[Route("/{path:path}", self._take, methods=["GET", "POST"])])
        port = httpx.URL(self.url).port or 0
        self._server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_config=None, ws="none"))
        self._thread = Thread(target=self._server.run)
        self._thread.start()
        deadline = time.monotonic() + LONG_S
        while not self._server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    async def _take(self, request: Request) -> Response:
        self.posted.append((dict(request.headers), await request.body()))
        return self.answer()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(LONG_S)


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Neighbour]:
    with closing(Neighbour()) as server:
        yield server


@pytest.fixture
def mailbox(neighbour: Neighbour) -> tuple[str, list[tuple[dict[str, str], bytes]]]:
    """An address for webhooks, and what is posted to it."""
    neighbour.answer = Response
    return f"{neighbour.url}/hook", neighbour.posted


def taken(posted: list[Any], prediction: str, count: int) -> list[tuple[dict[str, str], bytes]]:
    """The webhooks of one prediction, once there are that many."""
    deadline = time.monotonic() + LONG_S
    while len(found := [each for each in posted if prediction.encode() in each[1]]) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} webhooks"
        time.sleep(0.02)
    return found


def test_the_start_and_the_end_are_told_and_verified(
    replicate: Replicate, stand: ProviderStand, mailbox: tuple[str, list[Any]]
) -> None:
    """Given a webhook address, I expect both events there, and the last one to be what GET says."""
    address, posted = mailbox
    made = replicate.submit(asked("a told fox", webhook=f"{address}?job=fox-1"))
    assert stand.total("fox-1") == 1
    read = [verified(SECRET, *each) for each in taken(posted, made.id, 2)]
    assert {each.id for each in read} == {made.id}
    assert read[-1] == until(replicate, made.id, Status.SUCCEEDED)


@pytest.mark.parametrize(("how", "good"), [("resend", True), ("forge", False), ("stale", False)])
def test_a_forged_or_stale_webhook_is_refused_and_a_repeated_one_is_not(
    replicate: Replicate,
    stand: ProviderStand,
    mailbox: tuple[str, list[Any]],
    how: str,
    good: bool,
) -> None:
    address, posted = mailbox
    made = replicate.submit(asked("a retold fox", webhook=address))
    taken(posted, made.id, 2)
    stand.webhook(made.id, how)
    last = taken(posted, made.id, 3)[-1]
    read: Callable[[], Prediction] = lambda: verified(SECRET, *last)  # noqa: E731
    if good:
        assert read().status is Status.SUCCEEDED
    else:
        with pytest.raises(WebhookRefused):
            read()


# What no stand says, but Replicate may.


@pytest.fixture(scope="module")
def client(neighbour: Neighbour) -> Iterator[Replicate]:
    with closing(Replicate(f"{neighbour.url}/v1", "r8", 2.0, 1)) as provider:
        yield provider


@pytest.fixture
def answering(neighbour: Neighbour, client: Replicate) -> Callable[..., Replicate]:
    """A provider whose every call is answered so: `answering(402, b"...", headers)`."""

    def start(status: int, body: bytes, headers: dict[str, str] | None = None) -> Replicate:
        neighbour.answer = lambda: Response(body, status, headers, media_type="application/json")
        return client

    return start


@pytest.mark.parametrize(
    ("status", "detail", "failure"),
    [
        (401, "You did not pass a valid authentication token", Failure.NOT_CONFIGURED),
        (402, "You have insufficient credit to run this model.", Failure.NOT_CONFIGURED),
        (403, "You do not have permission to perform this action.", Failure.NOT_CONFIGURED),
        (413, "Request Entity Too Large", Failure.REJECTED),
        (422, "The input was flagged as sensitive.", Failure.REFUSED),
        (422, "The model black-forest/flux is deprecated.", Failure.NOT_CONFIGURED),
        (404, "No Model matches the given query.", Failure.NOT_CONFIGURED),
        (410, "This version is gone.", Failure.NOT_CONFIGURED),
        (418, "I'm a teapot", Failure.PROVIDER_FAILED),
    ],
)
def test_a_final_refusal_says_whose_it_is_to_mend(
    answering: Callable[..., Replicate], status: int, detail: str, failure: Failure
) -> None:
    replicate = answering(status, f'{{"detail": "{detail}", "status": {status}}}'.encode())
    with pytest.raises(JobFailed, match=str(status)) as caught:
        replicate.submit(asked("a fox"))
    assert caught.value.failure is failure


@pytest.mark.parametrize(
    ("body", "headers", "advice"),
    [
        (b'{"detail": "Request was throttled. Your rate limit resets in ~30s."}', {}, 30.0),
        (b'{"detail": "Request was throttled. Your rate limit resets in ~30s."}', {"Retry-After": "5"}, 5.0),
        (b'{"detail": "Request was throttled."}', {}, None),
        (b"", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_the_advice_of_a_429_stands_in_its_header_or_its_words(
    answering: Callable[..., Replicate], body: bytes, headers: dict[str, str], advice: float | None
) -> None:
    replicate = answering(429, body, headers)
    with pytest.raises(PassingError) as caught:
        replicate.submit(asked("a fox"))
    assert caught.value.retry_after == advice


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"id": "p1"}', b'{"status": []}', b"<html>", b"\xff", b"[" * 100_000],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_an_answer_that_is_no_prediction(answering: Callable[..., Replicate], body: bytes) -> None:
    """Given a 200 with anything else in it, a submission's outcome is unknown; the others can be repeated."""
    replicate = answering(200, body)
    with pytest.raises(OutcomeUnknown):
        replicate.submit(asked("a fox"))
    with pytest.raises(PassingError):
        replicate.get("p1")
    with pytest.raises(PassingError):
        replicate.upload("fox.png", "image/png", io.BytesIO(b"a picture"))
    if body != b'{"status": []}':
        with pytest.raises(PassingError):
            replicate.cancel("p1")
