"""A provider's webhooks, on their way through the bot to the slot that waits in a worker's process.

The workers poll so seldom here that within a test nothing but a webhook makes them look.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from bot_stage import eventually
from webhook_stage import PROVIDER_KEY, provider_settings, signed

from jobs.model import Job
from jobs.states import State
from sandbox.environment import free_port
from sandbox.stack import Stack
from stand.provider.webhooks import new_secret

SELDOM = {
    "POLL_FIRST_S": "60",
    "POLL_MAX_S": "60",
    "UNKNOWN_GRACE_S": "60",
    "TELEGRAM_RATE_PER_S": "1000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
    "USER_RATE_LIMIT": "1000/s",
    "ACTIVE_JOBS": "1000",
    "LOG_FORMAT": "json",
}
PROVIDER = (
    *("--latency", "image=0.2", "--sigma", "0", "--image-size", "128", "--fast-media"),
    *("--webhook-secret", PROVIDER_KEY),
)

Json = dict[str, Any]


class Story:
    """One request of somebody new."""

    def __init__(self, stack: Stack, prompt: str) -> None:
        self.stack = stack
        self.prompt = prompt
        self.user = stack.telegram.new_user()
        stack.telegram.send(self.user, f"/image {prompt}")

    def job(self) -> Job:
        """The job as it is now."""
        (found,) = self.stack.users.history(self.user, 5)
        return found

    def becomes(self, state: State) -> Job:
        """The job, once it is in this state."""
        eventually(lambda: bool(self.stack.users.history(self.user, 5)) and self.job().state is state)
        return self.job()

    def predictions(self) -> list[Json]:
        """What the provider makes of the prompt."""
        return [each for each in self.stack.provider.predictions() if each["input"]["prompt"] == self.prompt]

    def prediction(self) -> Json:
        """The one prediction, once the provider has it."""
        eventually(lambda: len(self.predictions()) == 1)
        return self.predictions()[0]

    def webhooks(self, event: str) -> list[Json]:
        """What came of the webhooks of an event, once there is one with an answer."""
        of_this = self.prediction()["id"]

        def answered() -> list[Json]:
            sent = [each for each in self.stack.provider.webhooks() if each["prediction"] == of_this]
            return [each for each in sent if each["event"] == event and each["status"]]

        eventually(lambda: bool(answered()))
        return answered()


def known(job: Job) -> tuple[object, ...]:
    """What a webhook might have changed."""
    return job.state, job.token, job.owner, job.prediction


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Bot (in polling mode), worker and delivery; the provider knows the bot's address."""
    settings = provider_settings(free_port())
    del settings["REPLICATE_API_URL"]
    with Stack(("bot", "worker-image", "deliver"), SELDOM | settings, PROVIDER) as started:
        started.telegram.limits(enabled=False)
        started.provider.settings(webhook_retry_s=0.01)
        yield started


@pytest.fixture(autouse=True)
def nothing_left_over(stack: Stack) -> Iterator[None]:
    """No hold and no fault outlives its test."""
    yield
    stack.provider.clear_faults()
    stack.provider.release()


def test_the_end_of_a_prediction_wakes_the_slot_that_waits_for_it(stack: Stack) -> None:
    """Given polls a minute apart, I expect the result at once, for one look."""
    story = Story(stack, "a red fox")
    story.becomes(State.DELIVERED)
    assert story.prediction()["gets"] == 1
    assert [each["status"] for each in story.webhooks("start") + story.webhooks("completed")] == [200, 200]


def test_the_url_carries_the_job_and_its_signature_only(stack: Stack) -> None:
    story = Story(stack, "a stone bridge")
    url = urlsplit(story.webhooks("completed")[0]["url"])
    assert url.path == "/providers/replicate/webhook"
    assert parse_qs(url.query).keys() == {"job", "sig"}
    assert parse_qs(url.query)["job"] == [story.job().id]


def test_an_orphan_is_adopted_by_its_webhook(stack: Stack) -> None:
    """Given a paid call whose answer is lost, I expect the webhook to name the prediction; one payment."""
    stack.provider.fault("drop_answer", on="create")
    story = Story(stack, "an orphan on a raft")
    job = story.becomes(State.DELIVERED)
    assert job.prediction == story.prediction()["id"]
    assert stack.provider.total(job.id) == 1
    lines = stack.programs["bot"].log_text.splitlines()
    assert any('"adopted": true' in line and job.id in line for line in lines)


@pytest.mark.parametrize("how", ["forge", "stale"])
def test_a_webhook_that_is_not_genuine_changes_nothing(stack: Stack, how: str) -> None:
    """Given a slot that waits, I expect a forged or late webhook to be refused and the slot to sleep on."""
    stack.provider.hold()
    story = Story(stack, f"a patient owl {how}")
    before = story.becomes(State.RUNNING)
    ended = story.prediction()["id"]
    stack.provider.fault(how, on="webhook", match=story.prompt, times=0)
    stack.provider.finish(ended)
    assert {each["status"] for each in story.webhooks("completed")} == {401}
    assert story.prediction()["gets"] == 0
    assert known(story.job()) == known(before)
    stack.provider.clear_faults()
    stack.provider.webhook(ended)  # a genuine one
    story.becomes(State.DELIVERED)


def test_a_webhook_that_is_replayed_is_heard_once(stack: Stack) -> None:
    story_of = "a parrot"
    stack.provider.fault("replay", on="webhook", match=story_of, times=0)
    story = Story(stack, story_of)
    job = story.becomes(State.DELIVERED)
    assert [(each["attempts"], each["status"]) for each in story.webhooks("completed")] == [(2, 200)]
    assert story.prediction()["gets"] == 1

    def heard_before() -> int:
        lines = stack.programs["bot"].log_text.splitlines()
        return sum('"webhook heard before"' in line and job.id in line for line in lines)

    eventually(lambda: heard_before() == 2)  # of the start and of the end


def test_a_late_genuine_webhook_does_no_harm(stack: Stack) -> None:
    story = Story(stack, "a snail")
    job = story.becomes(State.DELIVERED)
    stack.provider.webhook(job.prediction)
    eventually(lambda: len(story.webhooks("completed")) == 2)
    assert {each["status"] for each in story.webhooks("completed")} == {200}
    assert known(story.job()) == known(job)


def test_strangers_at_the_door(stack: Stack) -> None:
    """Whatever is wrong, the answer is a bare status; nothing is believed but both signatures together."""
    story = Story(stack, "a closed gate")
    url = story.webhooks("completed")[0]["url"]
    job = story.becomes(State.DELIVERED)
    body = b'{"id": "p1", "status": "succeeded"}'

    def status(url: str, headers: dict[str, str], body: bytes = body) -> int:
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)
        assert re.fullmatch(r"|Unauthorized|Forbidden|Not Found", answer.text)
        return answer.status_code

    assert status(url, signed(body, "msg_1")) == 200
    assert status(url, {}) == 401
    assert status(url, signed(body, "msg_2", key=new_secret())) == 401
    assert status(url, signed(body, "msg_3", age_s=301)) == 401
    assert status(url, signed(body, "msg_4", age_s=-320)) == 401
    assert status(url, signed(body, "msg_5"), body + b" ") == 401
    assert status(url, signed(body, "msg_6") | {"webhook-id": "msg_7"}) == 401
    unreadable = b'{"id": "../account", "status": "succeeded"}'
    assert status(url, signed(unreadable, "msg_8"), unreadable) == 401
    assert status(url[:-1], signed(body, "msg_9")) == 403
    assert status(url.replace(job.id, "another"), signed(body, "msg_10")) == 403
    assert status(url.partition("?")[0], signed(body, "msg_11")) == 403
    assert status(url.replace("replicate", "nobody"), signed(body, "msg_12")) == 404
    assert known(story.job()) == known(job)


def test_nothing_else_is_served_beside_polling(stack: Stack) -> None:
    base = f"http://{stack.settings.webhook_bind}"
    assert httpx.get(f"{base}/healthz", trust_env=False).status_code == 200
    assert httpx.get(f"{base}/readyz", trust_env=False).status_code == 200
    assert httpx.post(f"{base}/telegram", trust_env=False).status_code == 404
    log = stack.programs["bot"].log_text
    assert '"level": "error"' not in log
    assert "sig=" not in log
