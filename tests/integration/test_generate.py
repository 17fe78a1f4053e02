"""`generate` and `deliver` as a worker runs them, against both stands, a real broker and a real store.

The functions are called in this process, one job at a time, so that each state can be looked at.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from worker_stage import (
    ROOT,
    TOKEN,
    Door,
    beside,
    eventually,
    messages,
    provider_program,
    telegram_program,
    told_of,
    worker,
)

from chat import status
from chat.texts import texts
from config.settings import Settings
from jobs.errors import LeaseLost
from jobs.failures import Failure
from jobs.ledger import Cancellation, Stage
from jobs.model import Artifact, Job, Kind, Lane
from jobs.states import State
from sandbox.provider.client import ProviderStand
from sandbox.telegram.client import TelegramStand
from tasks.deliver import deliver
from tasks.generate import generate
from tasks.inputs import submission
from tasks.process import Process
from tasks.slots import Slot

HASTY = """
[hasty]
title = "Hasty"
kind = "image"
provider = "replicate"
reference = "darkroom/sketch"
deadline_s = 0.5
typical_s = 0.1
price_usd = 0.01

[elsewhere]
title = "Elsewhere"
kind = "image"
provider = "nobody"
reference = "no/body"
deadline_s = 5
typical_s = 1
price_usd = 0.01
"""


@pytest.fixture(scope="module")
def settings(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Both stands, an empty Redis, and settings that point at them. The process's own sweep rests."""
    folder = tmp_path_factory.mktemp("worker")
    models = (ROOT / "sandbox" / "models.toml").read_text(encoding="utf-8") + HASTY
    (folder / "models.toml").write_text(models, encoding="utf-8")
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    with provider_program() as provider, telegram_program() as telegram:
        yield Settings(
            telegram_token=TOKEN,
            telegram_api_url=telegram.url,
            telegram_rate_per_s=1000,
            telegram_chat_rate_per_s=1000,
            redis_url=redis_server,
            media_url=str(folder / "media"),
            media_max_bytes=1_000_000,
            models_file=str(folder / "models.toml"),
            replicate_api_token="r8_stand",
            replicate_api_url=f"{provider.url}/v1",
            lease_s=5,
            heartbeat_s=0.2,
            sweep_s=3600,
            unpublished_s=0.2,
            poll_first_s=0.05,
            poll_max_s=0.1,
            unknown_grace_s=0.5,
        )


@pytest.fixture(scope="module")
def process(settings: Settings) -> Iterator[Process]:
    with worker(settings) as made:
        yield made


@pytest.fixture(scope="module")
def stands(settings: Settings) -> Iterator[tuple[ProviderStand, TelegramStand]]:
    provider_url = settings.replicate_api_url.removesuffix("/v1")
    with ProviderStand(provider_url) as provider, TelegramStand(settings.telegram_api_url) as telegram:
        telegram.limits(enabled=False)
        yield provider, telegram


@dataclass
class Studio:
    """One test's view of everything."""

    door: Door
    provider: ProviderStand
    telegram: TelegramStand
    process: Process
    user: int

    def asked(self, kind: Kind = Kind.IMAGE, **request: Any) -> Job:
        """A job whose status message is in the user's chat, in the ledger as queued."""
        job = self.door.admit(kind, user=self.user, **request)
        view = status.waiting(job, None, texts("en"))
        message = self.process.chat.call(lambda gateway: gateway.post(job.origin, view))
        assert self.door.ledger.once(job.id, "status")
        self.door.ledger.posted(job, message)
        self.door.ledger.published(job.id)
        return self.door.now(job)

    def made(self, kind: Kind = Kind.IMAGE, **request: Any) -> Job:
        """The job after its generation."""
        job = self.asked(kind, **request)
        generate(job.id)
        return self.door.now(job)

    def delivered(self, job: Job) -> Job:
        """The job after its delivery."""
        deliver(job.id)
        return self.door.now(job)

    @contextmanager
    def making(self, **request: Any) -> Iterator[Job]:
        """A job in the middle of its generation: the provider works on it until it is released."""
        self.provider.hold()
        job = self.asked(**request)
        with beside(lambda: generate(job.id)):
            yield self.door.until(job, State.RUNNING)

    def paid(self, job: Job) -> int:
        """Paid submissions with the job's prompt."""
        return self.provider.total(job.request.prompt)

    def prediction(self, job: Job) -> dict[str, Any]:
        """The provider's side of the job."""
        (found,) = (each for each in self.provider.predictions() if each["key"] == job.request.prompt)
        return found

    def shown(self, job: Job) -> dict[str, Any]:
        """The job's message as the chat shows it."""
        return next(m for m in self.telegram.messages(self.user) if m["message_id"] == job.message)

    def by_bot(self) -> list[dict[str, Any]]:
        """What the bot has said in the chat."""
        return [m for m in self.telegram.messages(self.user) if m["from"]["is_bot"] and not m["deleted"]]

    def hurry(self, job: Job) -> Callable[[], None]:
        """A generation of the job that is woken whenever it waits."""

        def work() -> None:
            over = threading.Event()

            def wake() -> None:
                while not over.wait(0.01):
                    self.process.slots.wake(job.id)

            with beside(wake):
                generate(job.id)
                over.set()

        return work


@pytest.fixture
def studio(
    settings: Settings, process: Process, stands: tuple[ProviderStand, TelegramStand]
) -> Iterator[Studio]:
    provider, telegram = stands
    user = telegram.new_user()
    telegram.send(user, "/start")
    with closing(Door(settings)) as door:
        yield Studio(door, provider, telegram, process, user)
        for lane in Lane:
            for step in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
                door.redis.delete(f"{lane}{step}")
    provider.clear_faults()
    provider.settings(hold=False)
    telegram.clear_faults()


# The way that all should go.


def test_a_picture_is_made_stored_and_given(studio: Studio, settings: Settings) -> None:
    """Given a request, I expect one paid submission, one file, one message in the chat that becomes it."""
    job = studio.made(prompt="a red fox in the snow")
    assert (job.state, job.progress) == (State.STORED, 100)
    assert job.artifact is not None
    kept = Path(settings.media_url) / job.artifact.key
    assert (job.artifact.mime, kept.stat().st_size) == ("image/png", job.artifact.size)
    (message,) = messages(studio.door.redis, Lane.DELIVER)
    assert message["args"] == [job.id]
    assert studio.paid(job) == 1

    job = studio.delivered(job)
    assert (job.state, job.told) == (State.DELIVERED, True)
    assert studio.telegram.file(studio.shown(job)) == kept.read_bytes()
    assert len(studio.by_bot()) == 1
    assert [entry for entry in studio.provider.downloads() if entry["authorization"]] == []


def test_a_clip_is_made(studio: Studio) -> None:
    job = studio.delivered(studio.made(Kind.VIDEO, prompt="waves at night"))
    assert job.artifact is not None
    assert job.artifact.mime == "video/mp4"
    assert studio.shown(job)["media"]["kind"] == "video"


def test_the_options_arrive_at_the_provider(studio: Studio) -> None:
    job = studio.made(prompt="a wide fox", options={"ar": "16:9", "no": "people"}, seed=42)
    given = studio.prediction(job)["input"]
    assert (given["aspect_ratio"], given["negative_prompt"], given["seed"]) == ("16:9", "people", 42)


def test_a_picture_is_animated(studio: Studio) -> None:
    """Given a finished picture, I expect the clip's provider to get that very file."""
    picture = studio.delivered(studio.made(prompt="a still fox"))
    assert picture.artifact is not None
    clip = studio.made(Kind.VIDEO, prompt="a moving fox", source=picture.id)
    assert clip.state is State.STORED
    uploaded = studio.provider.files()[-1]
    assert (uploaded["size"], uploaded["content_type"]) == (picture.artifact.size, "image/png")
    assert studio.prediction(clip)["input"]["image"] == uploaded["urls"]["get"]


def test_progress_is_shown_in_the_chat(studio: Studio) -> None:
    with studio.making(prompt="a slow fox") as job:
        studio.provider.progress(job.prediction, 0.5)
        studio.telegram.wait_message(
            studio.user, lambda m: m["message_id"] == job.message and "50" in m.get("text", "")
        )
        studio.provider.release()
    assert studio.door.now(job).state is State.STORED


def test_a_wake_up_is_a_look_at_once(studio: Studio, process: Process) -> None:
    """Given a job whose next poll is far away, when its webhook wakes it, I expect it done right then."""
    slow = replace(process.settings, poll_first_s=30, poll_max_s=30)
    own, process.settings = process.settings, slow
    try:
        with studio.making(prompt="a patient fox") as job:
            studio.provider.release(job.prediction)
            began = time.monotonic()
            process.slots.wake(job.id)
            studio.door.until(job, State.STORED)
            assert time.monotonic() - began < 5
    finally:
        process.settings = own


def test_past_durations_are_kept(studio: Studio) -> None:
    job = studio.made(prompt="a timed fox")
    took = float(studio.door.redis.lrange("darkroom:durations:sketch", 0, 0)[0])
    assert took == pytest.approx(job.stamps["stored"] - job.stamps["claimed"], abs=0.002)


# At most one paid submission.


def test_messages_that_come_twice_make_one_picture(studio: Studio) -> None:
    """Given five messages of one job at once, and one after its end, I expect it paid and given once."""
    job = studio.asked(prompt="a single fox")
    threads = [threading.Thread(target=generate, args=[job.id]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    generate(job.id)
    assert studio.door.now(job).state is State.STORED
    assert studio.paid(job) == 1
    for _ in range(2):
        deliver(job.id)
    assert len(studio.by_bot()) == 1


def test_a_throttled_submission_is_made_when_the_provider_says(studio: Studio) -> None:
    """Given a 429 that asks for a second, I expect the submission after that second, and one payment."""
    studio.provider.fault("429", "create", match="a throttled fox", retry_after=1)
    began = time.monotonic()
    job = studio.made(prompt="a throttled fox")
    assert time.monotonic() - began >= 1
    assert (job.state, job.unsent, studio.paid(job)) == (State.STORED, False, 1)


@pytest.mark.parametrize("kind", ["drop_answer", "malformed"])
def test_a_submission_whose_answer_was_lost_is_found_and_never_repeated(studio: Studio, kind: str) -> None:
    """Given an answer that never came, I expect doubt, then the prediction found at the provider."""
    prompt = f"a lost fox ({kind})"
    studio.provider.fault(kind, "create", match=prompt)
    job = studio.made(prompt=prompt)
    assert (job.state, job.prediction, studio.paid(job)) == (State.UNKNOWN, "", 1)
    generate(job.id)
    job = studio.door.now(job)
    assert (job.state, job.prediction) == (State.STORED, studio.prediction(job)["id"])
    assert studio.paid(job) == 1
    assert studio.delivered(job).state is State.DELIVERED


def test_a_submission_that_never_arrived_is_given_up_and_said_so(studio: Studio) -> None:
    """Given a 500, and nothing at the provider for the whole grace period, I expect one clear message."""
    studio.provider.fault("500", "create", match="a vanished fox")
    job = studio.made(prompt="a vanished fox")
    assert (job.state, studio.paid(job)) == (State.UNKNOWN, 0)

    def given_up() -> bool:
        generate(job.id)
        return studio.door.now(job).state is State.FAILED

    eventually(given_up)
    job = studio.delivered(job)
    assert (job.failure, job.told, studio.paid(job)) == (Failure.UNKNOWN_OUTCOME, True, 0)
    assert len(studio.by_bot()) == 1
    assert "not counted" in studio.shown(job)["text"]


def test_a_webhook_may_name_the_orphan(studio: Studio) -> None:
    studio.provider.fault("drop_answer", "create", match="an orphaned fox")
    job = studio.made(prompt="an orphaned fox")
    assert studio.door.ledger.adopt(job.id, studio.prediction(job)["id"])
    generate(job.id)
    assert (studio.door.now(job).state, studio.paid(job)) == (State.STORED, 1)


def test_a_worker_that_died_over_the_paid_call_does_not_repeat_it(studio: Studio) -> None:
    """Given `submitting` without a prediction and a lapsed lease, I expect doubt, and no submission."""
    job = studio.asked(prompt="an interrupted fox")
    held = studio.door.ledger.claim(job.id, "dead", Stage.GENERATE)
    assert held is not None
    studio.door.ledger.submitting(held)
    lapse(studio, job)
    generate(job.id)
    assert studio.door.now(job).state is State.UNKNOWN
    assert studio.paid(job) == 0


def test_a_submission_that_was_surely_not_taken_is_made_by_the_next_worker(studio: Studio) -> None:
    """Given a worker that died while it waited after a 429, I expect the job to be submitted after all."""
    job = studio.asked(prompt="a fox in line")
    held = studio.door.ledger.claim(job.id, "dead", Stage.GENERATE)
    assert held is not None
    studio.door.ledger.unsent(studio.door.ledger.submitting(held))
    lapse(studio, job)
    generate(job.id)
    assert (studio.door.now(job).state, studio.paid(job)) == (State.STORED, 1)


# Workers that die, stop, or lose a job.


def lapse(studio: Studio, job: Job) -> None:
    """The holder's lease runs out now."""
    studio.door.ledger.hasten(job.id)


def orphaned(studio: Studio, **request: Any) -> Job:
    """A job that a worker submitted before it died; the provider still works on it."""
    studio.provider.hold()
    job = studio.asked(**request)
    held = studio.door.ledger.claim(job.id, "dead", Stage.GENERATE)
    assert held is not None
    held = studio.door.ledger.submitting(held)
    provider = studio.process.provider_of(job)
    prediction = provider.submit(submission(studio.process, Slot(held), provider))
    return studio.door.ledger.running(held, prediction.id)


def test_a_dead_workers_job_is_resumed_from_its_prediction(studio: Studio) -> None:
    dead = orphaned(studio, prompt="a resumed fox")
    lapse(studio, dead)
    studio.provider.release()
    generate(dead.id)
    job = studio.door.now(dead)
    assert (job.state, job.prediction, job.crashes) == (State.STORED, dead.prediction, 1)
    assert studio.paid(job) == 1
    with pytest.raises(LeaseLost):
        studio.door.ledger.storing(dead)


def test_a_job_that_kills_its_workers_is_failed_and_said_so(studio: Studio, settings: Settings) -> None:
    """Given MAX_CRASHES workers that died over a job, I expect the next one to end it with a message."""
    job = orphaned(studio, prompt="a deadly fox")
    for number in range(settings.max_crashes - 1):
        lapse(studio, job)
        assert studio.door.ledger.claim(job.id, f"dead-{number}", Stage.GENERATE) is not None
    lapse(studio, job)
    generate(job.id)
    job = studio.delivered(job)
    assert (job.failure, job.crashes, job.told) == (Failure.CRASHED, settings.max_crashes, True)
    assert "worker" not in studio.shown(job)["text"].lower()
    assert "not counted" in studio.shown(job)["text"]


def test_a_worker_that_lost_its_job_writes_nothing_more(studio: Studio) -> None:
    """Given a worker that is taken over in mid-poll, I expect it to stop with its next heartbeat."""
    with studio.making(prompt="a stolen fox") as job:
        studio.door.redis.hset(f"darkroom:job:{job.id}", mapping={"owner": "thief", "token": job.token + 1})
    thief = studio.door.now(job)
    assert (thief.state, thief.owner) == (State.RUNNING, "thief")
    assert studio.prediction(job)["status"] == "processing"


def test_a_process_that_stops_hands_its_jobs_over(
    settings: Settings, process: Process, studio: Studio
) -> None:
    """Given SIGTERM in mid-poll, I expect the job back on the broker at once, and another worker to go on."""
    with worker(replace(settings, poll_first_s=30, poll_max_s=30)) as leaver:
        with studio.making(prompt="a fox handed over") as job:
            assert job.owner == leaver.slots.owner
            leaver.slots.drain()
            stopped = time.monotonic()
        assert time.monotonic() - stopped < 2
        generate(job.id)
        assert studio.door.now(job).state is State.RUNNING, "a stopping process took a job"
    assert job.id in told_of(studio.door.redis, Lane.IMG)
    studio.provider.release()
    generate(job.id)
    job = studio.door.now(job)
    assert (job.state, job.crashes, studio.paid(job)) == (State.STORED, 0, 1)


# Cancelling.


def test_a_cancel_stops_the_provider_and_is_said_at_once(studio: Studio) -> None:
    """Given a job in mid-poll, when its owner cancels, I expect the prediction stopped and the chat told."""
    with studio.making(prompt="an unwanted fox") as job:
        assert studio.door.ledger.cancel(job.id, studio.user)[0] is Cancellation.CANCELLING
        began = time.monotonic()
        studio.door.until(job, State.CANCELLED)
        assert time.monotonic() - began < 2
    eventually(lambda: studio.prediction(job)["status"] == "canceled")
    job = studio.delivered(job)
    assert (job.state, job.told) == (State.CANCELLED, True)
    assert "ancelled" in studio.shown(job)["text"]


@pytest.mark.parametrize("kind", ["500", "malformed", "reset"])
def test_a_cancel_that_does_not_reach_the_provider_still_ends_the_job(studio: Studio, kind: str) -> None:
    studio.provider.fault(kind, "cancel")
    with studio.making(prompt=f"an unwanted fox ({kind})") as job:
        studio.door.ledger.cancel(job.id, studio.user)
    assert studio.door.now(job).state is State.CANCELLED
    assert told_of(studio.door.redis, Lane.DELIVER) == [job.id]


def test_a_cancel_ends_the_wait_before_a_submission(studio: Studio) -> None:
    """Given a provider that asks to wait for a minute, I expect a cancel not to, and nothing to be paid."""
    studio.provider.fault("429", "create", times=0, match="a fox that waits", retry_after=60)
    job = studio.asked(prompt="a fox that waits")
    with beside(lambda: generate(job.id)):
        eventually(lambda: studio.door.now(job).unsent)
        studio.door.ledger.cancel(job.id, studio.user)
    assert (studio.door.now(job).state, studio.paid(job)) == (State.CANCELLED, 0)


# Jobs that cannot be finished: one failure each, and words for it.


@pytest.mark.parametrize(
    ("request_", "fault", "failure"),
    [
        ({"prompt": "an nsfw fox"}, None, Failure.REFUSED),
        ({"prompt": "a refused fox"}, {"kind": "refuse"}, Failure.REFUSED),
        ({"prompt": "a fox that fails"}, {"kind": "fail"}, Failure.PROVIDER_FAILED),
        ({"prompt": "a fox of no shape", "options": {"ar": "17:3"}}, None, Failure.REJECTED),
        ({"prompt": "a fox of no kind"}, {"kind": "wrong_output"}, Failure.BAD_OUTPUT),
        ({"prompt": "a fox behind a login"}, {"kind": "wrong_type"}, Failure.BAD_OUTPUT),
        ({"prompt": "a fox of zeros"}, {"kind": "huge_output"}, Failure.BAD_OUTPUT),
        ({"prompt": "a fox by nobody", "model": "elsewhere"}, None, Failure.NOT_CONFIGURED),
        ({"prompt": "a fox of old", "model": "no longer kept"}, None, Failure.NOT_CONFIGURED),
        ({"prompt": "a fox too late", "model": "hasty"}, {"kind": "never_finishes"}, Failure.TIMED_OUT),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_finished_ends_in_one_clear_message(
    studio: Studio, request_: dict[str, Any], fault: dict[str, Any] | None, failure: Failure
) -> None:
    if fault is not None:
        studio.provider.fault(on="prediction", match=request_["prompt"], **fault)
    job = studio.made(**request_)
    assert (job.state, job.failure) == (State.FAILED, failure)
    job = studio.delivered(job)
    assert job.told
    assert len(studio.by_bot()) == 1
    text = studio.shown(job)["text"]
    assert ("not counted" in text) is failure.ours
    assert studio.paid(job) <= 1


def test_a_job_past_its_deadline_is_stopped_at_the_provider(studio: Studio) -> None:
    """Given a prediction that never finishes, I expect it cancelled there, even if at the second attempt."""
    studio.provider.fault("never_finishes", "prediction", match="an endless fox")
    job = studio.made(prompt="an endless fox", model="hasty")
    assert job.failure is Failure.TIMED_OUT
    eventually(lambda: studio.prediction(job)["status"] == "canceled")


def test_a_deadline_is_told_as_such_when_the_provider_cannot_be_stopped(studio: Studio) -> None:
    studio.provider.fault("never_finishes", "prediction", match="an unstoppable fox")
    studio.provider.fault("500", "cancel", times=0)
    assert studio.made(prompt="an unstoppable fox", model="hasty").failure is Failure.TIMED_OUT


def test_a_status_that_nobody_knows_is_waited_through(studio: Studio) -> None:
    studio.provider.fault("unknown_status", "prediction", match="a strange fox")
    assert studio.made(prompt="a strange fox").state is State.STORED


@pytest.mark.parametrize("kind", ["429", "500", "502", "reset", "drop_answer", "malformed"])
def test_trouble_with_polls_is_outlived(studio: Studio, kind: str) -> None:
    prompt = f"a fox behind fog ({kind})"
    studio.provider.fault(kind, "get", times=2, match=prompt, retry_after=0.1)
    job = studio.asked(prompt=prompt)
    studio.hurry(job)()
    assert (studio.door.now(job).state, studio.paid(job)) == (State.STORED, 1)


@pytest.mark.parametrize("kind", ["500", "reset", "cut_short", "drop_answer", "429"])
def test_trouble_with_the_download_is_outlived(studio: Studio, settings: Settings, kind: str) -> None:
    prompt = f"a fox through fog ({kind})"
    studio.provider.fault(kind, "output", times=2, match=prompt)
    job = studio.asked(prompt=prompt)
    studio.hurry(job)()
    job = studio.door.now(job)
    assert job.state is State.STORED
    assert studio.process.media.holds(job.artifact or Artifact("", "", 0))
    assert len([each for each in studio.provider.downloads() if each["prediction"] == job.prediction]) == 3


@pytest.mark.parametrize(("on", "kind"), [("output", "500"), ("output", "cut_short"), ("create", "429")])
def test_trouble_that_stays_ends_the_job_after_five_attempts(studio: Studio, on: str, kind: str) -> None:
    prompt = f"a fox in {on} fog ({kind})"
    studio.provider.fault(kind, on, times=0, match=prompt)
    job = studio.asked(prompt=prompt)
    studio.hurry(job)()
    assert studio.door.now(job).failure is Failure.PROVIDER_DOWN
    assert [fault["struck"] for fault in studio.provider.faults()] == [5]
    assert list(Path(studio.process.settings.media_url).rglob(f"*{job.id}*")) == []


def test_a_picture_that_is_gone_cannot_be_animated(studio: Studio) -> None:
    """Given a source whose file was removed, or whose record has expired, I expect that to be said."""
    picture = studio.made(prompt="a fleeting fox")
    assert picture.artifact is not None
    (Path(studio.process.settings.media_url) / picture.artifact.key).unlink()
    for source in (picture.id, "nosuchjob"):
        clip = studio.made(Kind.VIDEO, prompt=f"a ghost of {source}", source=source)
        assert (clip.failure, studio.paid(clip)) == (Failure.SOURCE_GONE, 0)


def test_an_error_of_ours_ends_the_job_too(studio: Studio) -> None:
    """Given a store that cannot be written, I expect the job to end, and the person not to pay for it."""
    folder = Path(studio.process.settings.media_url)
    own = {path: path.stat().st_mode for path in folder.iterdir()}
    held_back = [path.rename(path.with_suffix(".away")) for path in own]
    for path in own:
        path.write_text("in the way")
    try:
        job = studio.made(prompt="a fox that does not fit")
    finally:
        for path in own:
            path.unlink()
        for path in held_back:
            path.rename(path.with_suffix(""))
    assert job.failure is Failure.INTERNAL


# Delivery.


def test_a_result_is_sent_anew_where_its_message_is_gone(studio: Studio) -> None:
    """Given a deleted status message, I expect the result as a new one, and only once."""
    job = studio.made(prompt="a fox without a message")
    studio.telegram.delete(studio.user, job.message)
    job = studio.delivered(job)
    assert job.state is State.DELIVERED
    deliver(job.id)
    assert [bool(m["media"]) for m in studio.by_bot()] == [True]


def test_a_blocked_bot_ends_the_job_without_a_word(studio: Studio) -> None:
    job = studio.made(prompt="a fox for nobody")
    studio.telegram.block(studio.user)
    job = studio.delivered(job)
    assert (job.state, job.failure, job.told) == (State.FAILED, Failure.UNREACHABLE, True)


def test_a_delivery_that_fails_for_now_is_put_off_and_made_later(studio: Studio) -> None:
    """Given a Telegram in trouble, I expect the job handed back, and given at the next attempt."""
    job = studio.made(prompt="a fox in a queue")
    studio.telegram.fault("500", method="editMessageMedia", times=50)
    job = studio.delivered(job)
    assert (job.state, job.owner) == (State.DELIVERING, "")
    studio.telegram.clear_faults()
    eventually(lambda: job.id in studio.door.ledger.overdue())
    assert studio.delivered(job).state is State.DELIVERED
    assert len(studio.by_bot()) == 1


def test_a_generation_is_never_repeated_for_a_delivery(studio: Studio) -> None:
    job = studio.made(prompt="a fox made once")
    generate(job.id)
    studio.delivered(job)
    generate(job.id)
    assert studio.paid(job) == 1
