"""The providers' webhooks: forged, replayed, late and genuine. A hint at most, believed from nobody else."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from acceptance.person import Message, Person, eventually
from standardwebhooks import Webhook

from jobs.model import Job
from jobs.states import State
from sandbox.environment import free_port
from sandbox.stack import Scene, Stack
from stand.provider.webhooks import new_secret

from .invariants import assert_invariants
from .stage import calm, staged

pytestmark = pytest.mark.faults

SECRET = new_secret()
SELDOM_S = "60"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Polls are so rare that within a test nothing but a webhook makes a slot look."""
    port = free_port()
    settings = {
        "POLL_FIRST_S": SELDOM_S,
        "POLL_MAX_S": SELDOM_S,
        "UNKNOWN_GRACE_S": SELDOM_S,
        "WEBHOOK_BIND": f"127.0.0.1:{port}",
        "PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "SIGNING_SECRET": "signs the ids of this stack's jobs",
        "REPLICATE_WEBHOOK_SECRET": SECRET,
    }
    with staged(settings=settings, provider=("--webhook-secret", SECRET)) as started:
        started.provider.settings(webhook_retry_s=0.01)
        yield started


@pytest.fixture
def ann(stack: Stack) -> Iterator[Person]:
    """Somebody new; in the end no fault is left, and the invariants hold for what they saw."""
    person = Person(stack)
    yield person
    calm(stack)
    assert_invariants(stack, [person.id])


def waiting(person: Person, prompt: str) -> tuple[Message, Job]:
    """A job whose slot waits for news, with the provider's webhook about its start behind it."""
    person.stack.provider.hold()
    shown = person.ask(f"/image {prompt}")
    job = person.job_when(shown, lambda job: job.state is State.RUNNING and job.owner)
    eventually(lambda: webhooks(person.stack, job.prediction, "start"))
    return shown, job


def webhooks(stack: Scene, prediction: str, event: str) -> list[Mapping[str, Any]]:
    """What came of a prediction's webhooks of this event, those that were answered."""
    sent = [each for each in stack.provider.webhooks() if each["prediction"] == prediction]
    return [each for each in sent if each["event"] == event and each["status"]]


def post(url: str, body: bytes, delivery: str, *, key: str = SECRET, age_s: float = 0) -> int:
    """Post a webhook as somebody who has this key would; the status of the answer."""
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    headers = {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(delivery, at, body.decode()),
    }
    return httpx.post(url, content=body, headers=headers, trust_env=False).status_code


def known(job: Job) -> tuple[object, ...]:
    """What a webhook might have changed."""
    return job.state, job.token, job.owner, job.prediction, job.crashes


def test_only_a_genuine_webhook_wakes_the_slot(stack: Stack, ann: Person) -> None:
    """Given a slot that waits, and webhooks that are forged, too old, for another job, or another's URL, I
    expect each to be refused and the slot to sleep on; then a genuine one, and the result at once."""
    shown, job = waiting(ann, "a sleeping guard")
    url = webhooks(stack, job.prediction, "start")[0]["url"]
    ended = json.dumps(
        {"id": job.prediction, "status": "succeeded", "output": "http://127.0.0.1:1/x.png"}
    ).encode()
    bare = url.partition("?")[0]
    assert post(url, ended, "msg-forged", key=new_secret()) == 401
    assert post(url, ended, "msg-old", age_s=3600) == 401
    assert post(url, ended, "msg-early", age_s=-3600) == 401
    assert post(url.replace(job.id, "a" * len(job.id)), ended, "msg-other") == 403
    assert post(f"{bare}?job={job.id}&sig={'0' * 64}", ended, "msg-unsigned") == 403
    assert post(bare, ended, "msg-bare") == 403
    assert post(url.replace("/replicate/", "/nobody/"), ended, "msg-nobody") == 404
    now = ann.job(shown)
    assert known(now) == known(job)
    assert ann.prediction("a sleeping guard")["gets"] == 0

    began = time.monotonic()
    stack.provider.release(job.prediction)
    ann.result(shown)
    assert time.monotonic() - began < float(SELDOM_S) / 6
    assert {each["status"] for each in webhooks(stack, job.prediction, "completed")} == {200}


def test_a_genuine_webhook_that_lies_is_a_hint_only(stack: Stack, ann: Person) -> None:
    """Given a webhook with a good signature that says "succeeded" of a prediction still at work, and names an
    output, I expect the slot to ask the provider and to wait on."""
    shown, job = waiting(ann, "a false dawn")
    url = webhooks(stack, job.prediction, "start")[0]["url"]
    lie = json.dumps(
        {"id": job.prediction, "status": "succeeded", "output": "http://127.0.0.1:1/x.png"}
    ).encode()
    assert post(url, lie, "msg-lie") == 200
    eventually(lambda: ann.prediction("a false dawn")["gets"])
    assert ann.job(shown).state is State.RUNNING
    stack.provider.release(job.prediction)
    ann.result(shown)


def test_a_webhook_that_is_replayed_is_heard_once(stack: Stack, ann: Person) -> None:
    """Given the same genuine webhook many times, while its slot waits and long after, I expect no look for
    each of them, and nothing to change when the job has ended."""
    shown, job = waiting(ann, "a parrot in a cage")
    url = webhooks(stack, job.prediction, "start")[0]["url"]
    body = json.dumps({"id": job.prediction, "status": "failed", "error": "never mind"}).encode()
    assert [post(url, body, "msg-parrot") for _ in range(5)] == [200] * 5
    eventually(lambda: ann.prediction("a parrot in a cage")["gets"] >= 1)
    stack.provider.release(job.prediction)
    ann.result(shown)
    done = ann.job_when(shown, lambda job: job.told)
    gets = ann.prediction("a parrot in a cage")["gets"]
    # For the hint and the end; once more where a beat brings the hint before the listener has passed it on.
    assert 2 <= gets <= 3
    assert post(url, body, "msg-parrot") == 200
    assert post(url, body, "msg-parrot-late") == 200
    stack.provider.webhook(job.prediction)
    eventually(lambda: len(webhooks(stack, job.prediction, "completed")) == 2)
    assert known(ann.job(shown)) == known(done)
    assert ann.prediction("a parrot in a cage")["gets"] == gets


def test_a_webhook_names_the_orphan(stack: Stack, ann: Person) -> None:
    """Given a paid call whose answer is lost, I expect the job to end well long before anybody polls."""
    stack.provider.fault("drop_answer", on="create", match="a message in a bottle")
    shown = ann.ask("/image a message in a bottle")
    ann.result(shown)
    job = ann.job(shown)
    assert job.prediction == ann.prediction("a message in a bottle")["id"]
    assert stack.provider.total(job.id) == 1


def test_a_webhook_of_another_prediction_takes_nothing_over(stack: Stack, ann: Person) -> None:
    """Given a running job, and a genuine webhook to its URL about another prediction (an account that is
    shared), I expect the job to stay with its own."""
    shown, job = waiting(ann, "a cuckoo's nest")
    url = webhooks(stack, job.prediction, "start")[0]["url"]
    assert urlsplit(url).path == "/providers/replicate/webhook"
    body = json.dumps({"id": "another1prediction2of3somebody", "status": "succeeded"}).encode()
    assert post(url, body, "msg-cuckoo") == 200
    assert ann.job(shown).prediction == job.prediction
    stack.provider.release(job.prediction)
    ann.result(shown)
