"""A job from the claim to the chat, by the tasks themselves between both stands: all ways, all troubles."""

import time
from collections.abc import Iterator

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.failures import Failure
from jobs.model import Job, Kind, Origin
from jobs.states import State
from ledger import keys
from ledger.jobs import Cancellation
from ledger.jobs import Stage as Claim
from ledger.limits.provider_quota import ProviderQuota
from providers.base import Submission
from tasks.delivery.task import deliver
from tasks.generation.task import generate


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.provider.settings(hold=False)
    whole_stage.telegram.clear_faults()


def made(scene: Stage, prompt: str) -> Job:
    """A job that was given its picture."""
    job = scene.job(prompt)
    scene.work()
    return scene.now(job)


def said(scene: Stage, job: Job) -> str:
    return str(scene.message(job).get("text") or "")


def failed(scene: Stage, job: Job) -> tuple[State, Failure | None, bool]:
    now = scene.now(job)
    return now.state, now.failure, now.told


# The way of a job.


def test_a_picture_takes_the_place_of_the_status_message(scene: Stage) -> None:
    """Given a request, its one message becomes the picture, paid once and fetched without our key."""
    job = scene.job("a red fox")
    assert scene.work() == [("generate", job.id), ("deliver", job.id)]
    done = scene.now(job)
    assert done.state is State.DELIVERED
    assert len(scene.by_bot(job)) == 1
    message = scene.message(job)
    assert message["media"]["kind"] == "photo"
    assert "a red fox" in message["caption"]
    assert done.file_id
    assert done.artifact is not None
    assert scene.process.files.store.holds(done.artifact)
    assert scene.paid("a red fox") == 1
    mine = [one for one in scene.provider.downloads() if one["prediction"] == done.prediction]
    assert [(one["status"], one["authorization"]) for one in mine] == [(200, False)]


def test_a_picture_can_be_set_in_motion(scene: Stage) -> None:
    """Given a finished picture, the video's submission names an upload of that very file."""
    source = made(scene, "a fox to animate")
    job = scene.job_for(source.origin, "it runs", Kind.VIDEO, source.id)
    scene.work()
    assert scene.now(job).state is State.DELIVERED
    assert scene.message(job)["media"]["kind"] == "video"
    upload = scene.provider.files()[-1]
    assert source.artifact is not None
    assert upload["size"] == source.artifact.size
    assert scene.predictions("it runs")[0]["input"]["image"] == upload["urls"]["get"]


def test_a_picture_that_is_no_longer_kept_cannot_be_animated(scene: Stage) -> None:
    """Given a source whose file is gone, nothing is paid and the chat is told."""
    source = made(scene, "a fox to lose")
    assert source.artifact is not None
    (scene.folder / source.artifact.key).unlink()
    job = scene.job_for(source.origin, "it cannot run", Kind.VIDEO, source.id)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.SOURCE_GONE, True)
    assert scene.paid("it cannot run") == 0
    assert "no longer kept" in said(scene, job)


def test_the_chat_sees_how_far_it_is(scene: Stage) -> None:
    scene.provider.hold()
    job = scene.job("a slow fox")
    with scene.working(job):
        eventually(lambda: scene.predictions("a slow fox"))
        scene.provider.progress(scene.predictions("a slow fox")[0]["id"], 0.5)
        eventually(lambda: "50 %" in said(scene, job))
        assert scene.now(job).progress == 50
        scene.provider.release()
    assert scene.now(job).state is State.STORED


def test_two_messages_of_one_job_are_one_submission(scene: Stage) -> None:
    job = scene.job("a fox told twice")
    scene.process.publisher.publish_generation(job)
    assert [task for task, _ in scene.work()] == ["generate", "generate", "deliver"]
    assert scene.paid("a fox told twice") == 1


# Ends without a result: the provider's.


@pytest.mark.parametrize(
    ("fault", "failure", "words"),
    [
        ("refuse", Failure.REFUSED, "content rules"),
        ("fail", Failure.PROVIDER_FAILED, "stopped with an error"),
        ("wrong_output", Failure.BAD_OUTPUT, "came out broken"),
        ("wrong_type", Failure.BAD_OUTPUT, "came out broken"),
        ("huge_output", Failure.BAD_OUTPUT, "came out broken"),  # 4 GB of zeros: the first bytes tell
    ],
)
def test_a_prediction_that_comes_to_nothing_is_told_clearly(
    scene: Stage, fault: str, failure: Failure, words: str
) -> None:
    """Given each of the provider's failures, the job fails with its reason, and no file is kept."""
    prompt = f"a fox to {fault}"
    scene.provider.fault(fault, "prediction", match=prompt)
    job = scene.job(prompt)
    scene.work()
    assert failed(scene, job) == (State.FAILED, failure, True)
    assert words in said(scene, job)
    assert ("not counted" in said(scene, job)) is failure.ours
    assert scene.paid(prompt) == 1
    assert not list(scene.folder.rglob(f"{job.id}*"))


def test_a_prediction_that_is_not_ready_in_time_is_stopped(scene: Stage) -> None:
    """Given a deadline that has passed, there is one more look; then it is cancelled there and told here."""
    scene.provider.hold()
    job = scene.job("a fox for ever")
    submission = Submission("darkroom/sketch", {"prompt": "a fox for ever"}, 60)
    prediction = scene.process.generation.terms.provider_of(job).submit(submission)
    scene.ledger.running(scene.ledger.submitting(scene.claimed_elsewhere(job)), prediction.id)
    scene.redis.hset(keys.job(job.id), "at:running", "1000")
    scene.lapse(job)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.TIMED_OUT, True)
    assert scene.predictions("a fox for ever")[0]["status"] == "canceled"
    assert "not ready in time" in said(scene, job)


def test_a_model_that_is_no_longer_in_the_catalogue_is_told(scene: Stage) -> None:
    job = scene.job("a fox of old")
    scene.redis.hset(keys.job(job.id), "model", "sketch-0")
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.NOT_CONFIGURED, True)
    assert scene.paid("a fox of old") == 0


def test_an_error_of_ours_ends_the_job_too(scene: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an error that nobody thought of, the job fails rather than hang."""
    job = scene.job("a fox without a place")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(scene.process.files.store, "keep", broken)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.INTERNAL, True)
    assert "Something went wrong on our side" in said(scene, job)


# Troubles that pass.


def test_a_throttled_submission_is_made_later_and_paid_once(scene: Stage) -> None:
    scene.provider.fault("429", "create", match="a throttled fox", retry_after=1)
    job = scene.job("a throttled fox")
    scene.work()
    assert scene.now(job).state is State.DELIVERED
    assert scene.paid("a throttled fox") == 1


@pytest.mark.parametrize("fault", ["500", "reset", "drop_answer", "malformed"])
def test_polls_that_fail_are_made_again(scene: Stage, fault: str) -> None:
    prompt = f"a fox ({fault})"
    scene.provider.fault(fault, "get", match=prompt, times=3)
    job = scene.job(prompt)
    scene.work()
    assert (scene.now(job).state, scene.paid(prompt)) == (State.DELIVERED, 1)


@pytest.mark.parametrize("fault", ["cut_short", "500", "reset"])
def test_a_download_that_fails_is_made_again(scene: Stage, fault: str) -> None:
    prompt = f"a fox cut ({fault})"
    scene.provider.fault(fault, "output", match=prompt)
    job = scene.job(prompt)
    scene.work()
    assert (scene.now(job).state, scene.paid(prompt)) == (State.DELIVERED, 1)


# Submissions of unknown outcome.


@pytest.mark.parametrize("fault", ["drop_answer", "malformed"])
def test_a_submission_whose_answer_was_lost_is_found_and_not_made_again(scene: Stage, fault: str) -> None:
    """Given a paid call without an answer, the provider's own list names the prediction."""
    prompt = f"a lost fox ({fault})"
    scene.provider.fault(fault, "create", match=prompt)
    job = scene.job(prompt)
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    scene.lapse(job)
    generate(job.id)
    scene.work()
    assert (scene.now(job).state, scene.paid(prompt)) == (State.DELIVERED, 1)


@pytest.mark.parametrize("fault", ["reset", "500"])
def test_a_submission_that_nobody_heard_of_is_given_up_after_the_grace(scene: Stage, fault: str) -> None:
    """Given a paid call that never arrived, the job waits for news, then fails, and is never paid."""
    prompt = f"a vanished fox ({fault})"
    scene.provider.fault(fault, "create", match=prompt)
    job = scene.job(prompt)
    scene.work()
    scene.lapse(job)
    generate(job.id)
    assert scene.now(job).state is State.UNKNOWN
    scene.redis.hset(keys.job(job.id), "at:unknown", "1000")
    scene.lapse(job)
    generate(job.id)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.UNKNOWN_OUTCOME, True)
    assert scene.paid(prompt) == 0
    assert "The connection broke at a bad moment" in said(scene, job)


# Workers that die, and that stop.


def test_a_worker_that_died_over_the_paid_call_does_not_make_another_pay(scene: Stage) -> None:
    """Given a job in `submitting` without an id, whoever takes over never submits it."""
    job = scene.job("a fox half sent")
    scene.ledger.submitting(scene.claimed_elsewhere(job))
    scene.lapse(job)
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    scene.lapse(job)
    generate(job.id)
    assert scene.now(job).state is State.UNKNOWN
    assert scene.paid("a fox half sent") == 0


def test_news_that_came_before_the_takeover_is_used(scene: Stage) -> None:
    """Given a worker that died over the paid call, and a webhook that named it, the job goes on."""
    scene.provider.fault("drop_answer", "create", match="a fox announced")
    first = scene.job("a fox announced")
    scene.work()
    prediction = scene.predictions("a fox announced")[0]["id"]
    scene.ledger.cancel(first.id, first.origin.user)
    job = scene.job("another fox")
    scene.ledger.submitting(scene.claimed_elsewhere(job))
    assert scene.ledger.adopt(job.id, prediction)
    scene.lapse(job)
    scene.work()
    done = scene.now(job)
    assert (done.state, done.prediction) == (State.DELIVERED, prediction)
    assert scene.paid("another fox") == 0


def test_a_call_that_surely_did_not_arrive_may_be_made_by_the_next_worker(scene: Stage) -> None:
    """Given a worker that died while it waited after a 429, the job is not lost to caution."""
    job = scene.job("a fox unsent")
    scene.ledger.unsent(scene.ledger.submitting(scene.claimed_elsewhere(job)))
    scene.lapse(job)
    scene.work()
    assert (scene.now(job).state, scene.paid("a fox unsent")) == (State.DELIVERED, 1)


def test_a_job_is_resumed_from_its_prediction(scene: Stage) -> None:
    """Given a worker that died in mid-poll, the next one polls the same prediction and pays nothing."""
    first = made(scene, "a fox to resume")
    job = scene.job("a fox resumed")
    prediction = scene.orphaned(first)
    scene.ledger.running(scene.ledger.submitting(scene.claimed_elsewhere(job)), prediction)
    scene.lapse(job)
    scene.work()
    done = scene.now(job)
    assert (done.state, done.crashes) == (State.DELIVERED, 1)
    assert scene.paid("a fox resumed") == 0


def test_a_job_that_keeps_killing_its_workers_is_ended(scene: Stage) -> None:
    """Given three workers that died over a job, the fourth fails it at once, with a clear message."""
    job = scene.job("a deadly fox")
    for _ in range(scene.settings.max_crashes):
        scene.claimed_elsewhere(job)
        scene.lapse(job)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.CRASHED, True)
    assert scene.paid("a deadly fox") == 0
    assert "kept breaking our machine" in said(scene, job)


def test_a_worker_that_stops_hands_its_job_over_at_once(scene: Stage) -> None:
    """Given a SIGTERM in mid-poll, the job is on the broker again as it is, and another goes on with it."""
    scene.provider.hold()
    with scene.another_worker() as leaver:
        job = scene.job("a travelling fox")
        with scene.working(job):
            eventually(lambda: scene.now(job).state is State.RUNNING)
            leaver.slots.drain()
        handed = scene.now(job)
        assert (handed.state, handed.owner, handed.crashes) == (State.RUNNING, "", 0)
    scene.provider.release()
    assert scene.work() == [("generate", job.id)] * 2 + [("deliver", job.id)], "it was not published again"
    assert (scene.now(job).state, scene.paid("a travelling fox")) == (State.DELIVERED, 1)


# Cancelling.


def test_a_cancel_stops_the_work_here_and_at_the_provider(scene: Stage) -> None:
    scene.provider.hold()
    job = scene.job("an unwanted fox")
    with scene.working(job):
        eventually(lambda: scene.now(job).state is State.RUNNING)
        assert scene.ledger.cancel(job.id, job.origin.user) == (Cancellation.CANCELLING, "")
    scene.work(only="deliver")
    now = scene.now(job)
    assert (now.state, now.told) == (State.CANCELLED, True)
    assert said(scene, job) == "Cancelled."
    assert scene.predictions("an unwanted fox")[0]["status"] == "canceled"


def test_a_job_cancelled_while_it_waited_is_neither_paid_nor_made(scene: Stage) -> None:
    job = scene.job("a fox thought better of")
    scene.ledger.cancel(job.id, job.origin.user)
    scene.process.publisher.publish_delivery(job.id)
    scene.work()
    assert said(scene, job) == "Cancelled."
    assert scene.paid("a fox thought better of") == 0


# Delivery.


def test_a_result_whose_message_was_deleted_is_sent_anew_once(scene: Stage) -> None:
    job = scene.job("a fox to delete")
    scene.telegram.delete(job.origin.chat, job.message)
    scene.work()
    (only,) = scene.by_bot(job)
    assert only["media"]["kind"] == "photo"
    assert scene.now(job).message == only["message_id"]
    scene.process.publisher.publish_delivery(job.id)
    scene.work()
    assert len(scene.by_bot(job)) == 1


def test_a_new_message_whose_answer_was_lost_does_not_cost_the_result(scene: Stage) -> None:
    """Given a message for the result that nobody can tell about, I expect another, and the result once."""
    job = scene.job("a fox announced twice")
    scene.telegram.delete(job.origin.chat, job.message)
    scene.telegram.fault("drop_answer", method="sendMessage", text="is ready")
    scene.work()
    scene.lapse(job)
    deliver(job.id)
    assert scene.now(job).state is State.DELIVERED
    left_over, result = scene.by_bot(job)
    assert (left_over["text"], left_over["edits"][-1]["buttons"]) == ("Your picture is ready.", [])
    assert (result["media"]["kind"], result["message_id"]) == ("photo", scene.now(job).message)


def test_a_worker_that_dies_over_a_new_message_does_not_cost_the_result(scene: Stage) -> None:
    """Given two workers that died over messages for the result, the first of which was noted, and the last of
    which is gone again, I expect the result in a third."""
    job = scene.job("a fox announced three times")
    scene.work(only="generate")
    scene.telegram.delete(job.origin.chat, job.message)
    giving = scene.ledger.claim(job.id, "another", Claim.DELIVER)
    assert giving is not None
    assert scene.ledger.once(job.id, "place:1", "another")
    scene.ledger.sent_anew(giving, job.message)
    assert scene.ledger.once(job.id, "place:2", "yet another")
    scene.lapse(job)
    scene.work()
    assert scene.now(job).state is State.DELIVERED
    (result,) = scene.by_bot(job)
    assert result["media"]["kind"] == "photo"


def test_a_failure_whose_message_is_gone_is_told_once(scene: Stage) -> None:
    """Given a message for a failure that nobody can tell about, I expect the reason once, in another."""
    scene.provider.fault("fail", "prediction", match="a fox that failed unseen")
    job = scene.job("a fox that failed unseen")
    scene.work(only="generate")
    scene.telegram.delete(job.origin.chat, job.message)
    scene.telegram.fault("drop_answer", method="sendMessage", text="could not be fulfilled")
    scene.work()
    scene.lapse(job)
    deliver(job.id)
    assert scene.now(job).told
    left_over, reason = scene.by_bot(job)
    assert left_over["text"] == "Your request could not be fulfilled."
    assert reason["text"].startswith("The model stopped with an error.")


def wordless(scene: Stage, job: Job) -> None:
    """The status message is gone, and the chat takes no message that says what comes."""
    scene.telegram.delete(job.origin.chat, job.message)
    for words in ("is ready", "could not be fulfilled"):
        scene.telegram.fault(
            "400", method="sendMessage", text=words, times=1000, description="Bad Request: NO"
        )


def test_a_new_result_whose_answer_was_lost_counts_as_sent(scene: Stage) -> None:
    """Given a send that nobody can tell about, it is not made a second time, and the chat is told where to
    look in case it has not arrived."""
    job = scene.job("a fox sent blind")
    wordless(scene, job)
    scene.telegram.fault("drop_answer", method="sendPhoto")
    scene.work()
    assert scene.now(job).state is State.DELIVERED
    result, words = scene.by_bot(job)
    assert result["media"]
    assert words["text"] == "In case the result of this has not arrived: ask for it again."


def test_a_result_that_a_dead_worker_may_have_sent_is_not_sent_again(scene: Stage) -> None:
    """Given a worker that died between sending the result anew and writing it down, nobody sends a second;
    the chat is told where to look, though Telegram is in trouble at first."""
    job = scene.job("a fox sent and forgotten")
    scene.work(only="generate")
    wordless(scene, job)
    assert scene.ledger.claim(job.id, "another", Claim.DELIVER) is not None
    assert scene.ledger.once(job.id, "fallback")
    scene.telegram.fault("500", method="sendMessage", text="In case")
    scene.lapse(job)
    scene.work()
    assert scene.now(job).state is State.DELIVERING
    scene.lapse(job)
    deliver(job.id)
    assert scene.now(job).state is State.DELIVERED
    (words,) = scene.by_bot(job)
    assert words["text"] == "In case the result of this has not arrived: ask for it again."


def test_an_end_that_a_dead_worker_may_have_told_is_told_in_other_words(scene: Stage) -> None:
    """Given a worker that died over the message of a failure, I expect the reason to be said all the same, in
    words that go with both."""
    scene.provider.fault("fail", "prediction", match="a fox that failed blind")
    job = scene.job("a fox that failed blind")
    scene.work(only="generate")
    wordless(scene, job)
    assert scene.ledger.claim(job.id, "another", Claim.DELIVER) is not None
    assert scene.ledger.once(job.id, "fallback")
    scene.lapse(job)
    scene.work()
    assert scene.now(job).told
    (words,) = scene.by_bot(job)
    assert words["text"].startswith(
        "In case you have had no answer to this: The model stopped with an error."
    )


def test_a_chat_that_blocked_the_bot_ends_the_job_quietly(scene: Stage) -> None:
    job = scene.job("a fox for nobody")
    scene.telegram.block(job.origin.user)
    scene.work()
    assert failed(scene, job) == (State.FAILED, Failure.UNREACHABLE, True)
    assert scene.ledger.due.find() == []


def test_a_telegram_that_stumbles_has_the_delivery_made_again_and_nothing_else(scene: Stage) -> None:
    """Given a Telegram that is down, the delivery is put off; the picture is not made again."""
    scene.telegram.fault("502", method="editMessageMedia", times=4)
    job = scene.job("a patient fox")
    scene.work()
    waiting = scene.now(job)
    assert (waiting.state, waiting.owner) == (State.DELIVERING, "")
    for _ in range(3):
        scene.lapse(job)
        scene.process.publisher.publish_delivery(job.id)
        scene.work()
    assert (scene.now(job).state, scene.paid("a patient fox")) == (State.DELIVERED, 1)
    assert len(scene.by_bot(job)) == 1


def test_a_group_that_became_a_supergroup_is_followed(scene: Stage) -> None:
    user = scene.telegram.new_user()
    group = scene.telegram.new_group("foxes", [user], kind="group")
    asked = scene.telegram.send(user, "/image a fox for all", chat=group)
    job = scene.job_for(Origin(user, group, asked["message_id"]), "a fox for all")
    moved = scene.telegram.migrate(group)
    scene.work()
    done = scene.now(job)
    assert (done.state, done.origin.chat) == (State.DELIVERED, moved)
    photos = [one for one in scene.telegram.messages(moved) if one.get("media")]
    assert len(photos) == 1


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Your picture is ready."), ("ru", "Картинка готова.")]
)
def test_a_long_job_rings_once(scene: Stage, language: str, words: str) -> None:
    """Given a job that took a minute, one short reply follows its result, in the person's language."""
    job = scene.job("a fox worth waiting for", language=language)
    scene.redis.hincrby(keys.job(job.id), "at:accepted", -60_000)
    scene.work()
    scene.process.publisher.publish_delivery(job.id)
    scene.work()
    rings = [one for one in scene.by_bot(job) if one.get("text")]
    assert [ring["reply_to_message"]["message_id"] for ring in rings] == [job.message]
    assert [ring["text"] for ring in rings] == [words]


@pytest.mark.parametrize(("kind", "stamp"), [("creates", "submitting"), ("others", "storing")])
def test_a_scarce_allowance_delays_a_job_and_fails_none(scene: Stage, kind: str, stamp: str) -> None:
    """Given an account that must not be called for a second (to create, or for anything else), I expect a job
    to wait for that long, before it is noted as submitted or looked at, to be paid once and to end well."""
    # A new worker has no calls left over that it was allowed before.
    with scene.another_worker():
        began = time.time()
        ProviderQuota(scene.redis, "replicate", kind, 600.0).hold(1.0)
        done = made(scene, f"a fox held up, {kind}")
    assert (done.state, scene.paid(f"a fox held up, {kind}")) == (State.DELIVERED, 1)
    assert done.stamps[stamp] - began >= 0.95
