"""How jobs end in their chats, whatever the chat, Telegram or we ourselves make of it: with a result, else
with words, and only where nobody is there unheard."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tasks_stage import Stage, stage

from chat.errors import NotNow
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Origin
from jobs.states import State
from ledger import keys
from ledger.admission import Hit
from ledger.jobs import Stage as Claim
from tasks.delivery import task as delivery
from tasks.delivery.task import deliver

NO_PHOTOS = "Bad Request: not enough rights to send photos to the chat"
NO_VIDEOS = "Bad Request: not enough rights to send videos to the chat"
NO_FILES = "Bad Request: not enough rights to send documents to the chat"
UNLISTED = "Bad Request: SOMETHING_NEW"
NO_TOPIC = "Bad Request: message thread not found"
ALWAYS = 1000


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("media")
    with stage(redis_server, folder, telegram_group_rate_per_min=60_000.0) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.telegram.clear_faults()


def refuse(scene: Stage, method: str, words: str, times: int = 1) -> None:
    scene.telegram.fault("400", method=method, description=words, times=times)


def in_group(scene: Stage, prompt: str, kind: Kind = Kind.IMAGE, thread: int = 0) -> Job:
    user = scene.telegram.new_user()
    group = scene.telegram.new_group("foxes", [user])
    asked = scene.telegram.send(user, prompt, chat=group)
    return scene.job_for(Origin(user, group, asked["message_id"], thread=thread), prompt, kind)


def stored(scene: Stage, job: Job) -> Job:
    scene.work(only="generate")
    return scene.now(job)


def again(scene: Stage, job: Job) -> None:
    """The sweep finds the delivery that was put off."""
    scene.lapse(job)
    deliver(job.id)


def count(scene: Stage, name: str) -> int:
    return int(scene.redis.hget(keys.counts(), name) or 0)


def only(scene: Stage, job: Job) -> dict[str, Any]:
    """The one message of the bot in the job's chat."""
    (message,) = scene.by_bot(job)
    return message


# What the chat takes.


@pytest.mark.parametrize(
    ("kind", "words"), [(Kind.IMAGE, NO_PHOTOS), (Kind.VIDEO, NO_VIDEOS), (Kind.IMAGE, UNLISTED)]
)
def test_a_chat_that_does_not_take_the_kind_gets_a_document(scene: Stage, kind: Kind, words: str) -> None:
    """Given a group without the right for photos (or videos), I expect the file as a document."""
    job = in_group(scene, f"a fox for {kind} {words}", kind)
    refuse(scene, "editMessageMedia", words)
    scene.work()
    assert only(scene, job)["media"]["kind"] == "document"
    assert scene.now(job).state is State.DELIVERED


@pytest.mark.parametrize("words", [NO_FILES, "Bad Request: CHAT_SEND_MEDIA_FORBIDDEN", UNLISTED])
def test_a_chat_that_takes_no_media_is_told_so(scene: Stage, words: str) -> None:
    """Given a chat that takes words alone, whatever Telegram calls that, I expect one message with the reason
    and what to do, and no Cancel beside it."""
    job = in_group(scene, f"a fox unseen: {words}")
    for method in ("editMessageMedia", "sendPhoto", "sendDocument"):
        refuse(scene, method, words, ALWAYS)
    scene.work()
    now, message = scene.now(job), only(scene, job)
    assert (now.state, now.failure, now.told) == (State.FAILED, Failure.NO_MEDIA, True)
    assert "does not take the file" in message["text"]
    assert message["edits"][-1]["buttons"] == ["Again"]
    assert count(scene, "unheard:refused:image") == 0


def test_an_edit_that_is_refused_becomes_a_new_message(scene: Stage) -> None:
    """Given a status message that cannot be edited for an unknown reason, I expect the result as a new
    message in its place."""
    job = in_group(scene, "a fox beside")
    refuse(scene, "editMessageMedia", UNLISTED, ALWAYS)
    scene.work()
    message = only(scene, job)
    assert message["media"]["kind"] == "photo"
    assert scene.now(job).message == message["message_id"] != job.message


def test_words_that_cannot_be_edited_in_are_sent(scene: Stage) -> None:
    """Given a failed job whose status message takes no edit, I expect its reason in a new one."""
    job = in_group(scene, "a fox to refuse")
    scene.provider.fault("refuse", "prediction", match="a fox to refuse")
    refuse(scene, "editMessageText", UNLISTED, ALWAYS)
    scene.work()
    assert "content rules" in only(scene, job)["text"]
    assert scene.now(job).told


def test_a_chat_that_takes_no_words_either_ends_unheard_and_is_counted(scene: Stage) -> None:
    job = in_group(scene, "a fox for the deaf")
    for method in ("editMessageMedia", "sendPhoto", "sendDocument", "editMessageText", "sendMessage"):
        refuse(scene, method, UNLISTED, ALWAYS)
    scene.work()
    now = scene.now(job)
    assert (now.state, now.failure, now.told) == (State.FAILED, Failure.NO_MEDIA, True)
    assert count(scene, "unheard:refused:image") == 1
    assert scene.by_bot(job) == []


def test_a_blocked_bot_ends_unheard_for_want_of_anybody(scene: Stage) -> None:
    job = scene.job("a fox for nobody")
    scene.telegram.block(job.origin.user)
    scene.work()
    assert scene.now(job).failure is Failure.UNREACHABLE
    assert (count(scene, "unheard:gone:image"), count(scene, "unheard:refused:image")) == (1, 0)


@pytest.mark.parametrize(
    ("forbidden", "shown"),
    [
        (("photo",), "document"),
        (("document",), "photo"),
        (("video", "text"), "photo"),
        (("photo", "video", "animation", "document"), None),
    ],
    ids=["photos", "files", "videos and words", "all media"],
)
def test_what_a_group_forbids_decides_the_form(
    scene: Stage, forbidden: tuple[str, ...], shown: str | None
) -> None:
    """Given a group that is closed to some kinds while a picture is made, I expect the best form that is
    left, and words where none is."""
    job = stored(scene, in_group(scene, f"a fox without {forbidden}"))
    scene.telegram.forbid(job.origin.chat, *forbidden)
    scene.work()
    message = only(scene, job)
    assert (message["media"] or {"kind": None})["kind"] == shown
    assert scene.now(job).state is (State.DELIVERED if shown else State.FAILED)


# Where in the chat.


@pytest.mark.parametrize(
    "words", [NO_TOPIC, "Bad Request: TOPIC_CLOSED", "Bad Request: REPLY_MESSAGE_ID_INVALID"]
)
def test_a_topic_that_is_gone_does_not_cost_the_result(scene: Stage, words: str) -> None:
    """Given a topic that went with its messages, I expect the result in the chat itself."""
    job = stored(scene, in_group(scene, f"a fox off topic: {words}"))
    scene.telegram.delete(job.origin.chat, job.message)
    refuse(scene, "sendMessage", words)
    scene.work()
    message = only(scene, job)
    assert message["media"]["kind"] == "photo"
    assert "reply_to_message" not in message


def test_a_topic_that_is_gone_does_not_cost_a_result_that_no_words_go_before(scene: Stage) -> None:
    """Given a chat that takes photos and no words, and a topic that is gone, I expect the result all the
    same, by itself."""
    job = stored(scene, in_group(scene, "a fox off topic, without a word"))
    scene.telegram.delete(job.origin.chat, job.message)
    refuse(scene, "sendMessage", UNLISTED, ALWAYS)
    refuse(scene, "sendPhoto", NO_TOPIC)
    scene.work()
    message = only(scene, job)
    assert message["media"]["kind"] == "photo"
    assert "reply_to_message" not in message


@pytest.mark.parametrize("fate", ["closed", "deleted"])
def test_a_topic_that_goes_while_the_picture_is_made(scene: Stage, fate: str) -> None:
    """Given a request from a topic that is closed or deleted, and a status message that goes with it, I
    expect the result in the chat itself."""
    user = scene.telegram.new_user()
    group = scene.telegram.new_group("foxes", [user])
    topic = scene.telegram.topic(group)
    asked = scene.telegram.send(user, "a fox", chat=group, thread=topic)
    origin = Origin(user, group, asked["message_id"], thread=topic)
    job = stored(scene, scene.job_for(origin, f"a fox of a topic {fate}"))
    assert scene.message(job)["message_thread_id"] == topic
    scene.telegram.delete(group, job.message)
    scene.telegram.topic(group, topic, fate)
    scene.work()
    message = only(scene, job)
    assert message["media"]["kind"] == "photo"
    assert "message_thread_id" not in message


def test_a_topic_that_is_gone_does_not_cost_the_reason(scene: Stage) -> None:
    prompt = "a fox to refuse off topic"
    scene.provider.fault("refuse", "prediction", match=prompt)
    job = stored(scene, in_group(scene, prompt))
    scene.telegram.delete(job.origin.chat, job.message)
    refuse(scene, "sendMessage", NO_TOPIC)
    scene.work()
    assert "content rules" in only(scene, job)["text"]


# What Telegram has of the file.


@pytest.mark.parametrize("deleted", [False, True], ids=["edited", "sent anew"])
def test_a_file_id_that_telegram_does_not_take_is_replaced_by_an_upload(scene: Stage, deleted: bool) -> None:
    """Given a result known by another bot's file_id, I expect it uploaded, and its new name cached."""
    job = stored(scene, scene.job("a fox of another bot"))
    assert job.artifact is not None
    scene.redis.hset(keys.job(job.id), mapping={"file_id": "AgACAgIforeign", "digest": "fox", "cached": "1"})
    scene.process.records.cache.put("fox", Hit(job.artifact, "AgACAgIforeign"))
    if deleted:
        scene.telegram.delete(job.origin.chat, job.message)
    scene.work()
    message = only(scene, job)
    assert message["media"]["kind"] == "photo"
    now = scene.now(job)
    assert (now.state, now.file_id) == (State.DELIVERED, message["media"]["file_id"])
    assert scene.process.records.cache.get("fox") == Hit(job.artifact, now.file_id, job.request.seed)


def test_a_known_picture_comes_as_an_uploaded_document_where_photos_are_forbidden(scene: Stage) -> None:
    """Given a picture by its file_id and a chat without photos, I expect its upload: a photo's file_id is
    no document's."""
    first = scene.job("a fox twice")
    scene.work()
    job = stored(scene, in_group(scene, "a fox twice"))
    scene.redis.hset(keys.job(job.id), "file_id", scene.now(first).file_id)
    refuse(scene, "editMessageMedia", NO_PHOTOS)
    scene.work()
    assert only(scene, job)["media"]["kind"] == "document"


def test_a_cached_result_whose_file_is_gone_is_forgotten(scene: Stage) -> None:
    """Given a cache entry whose file_id is refused and whose file is gone, I expect the person told, and the
    next request made anew."""
    job = stored(scene, scene.job("a fox forgotten"))
    assert job.artifact is not None
    scene.redis.hset(keys.job(job.id), mapping={"file_id": "AgACAgIforeign", "digest": "fox", "cached": "1"})
    scene.process.records.cache.put("fox", Hit(job.artifact, "AgACAgIforeign"))
    (scene.folder / job.artifact.key).unlink()
    scene.work()
    assert "on our side" in only(scene, job)["text"]
    assert scene.process.records.cache.get("fox") is None


# Patience.


def test_old_jobs_do_not_lose_their_results_to_our_own_limiter(scene: Stage) -> None:
    """Given jobs that are older than any patience, and a limiter that has no turn for them, however long it
    has been so, I expect all delivered in the end."""
    jobs = [in_group(scene, f"an old fox {number}") for number in range(3)]
    jobs = [stored(scene, job) for job in jobs]
    for job in jobs:
        scene.redis.hincrby(keys.job(job.id), "at:accepted", -90_000_000)
        scene.telegram.fault("429", method="editMessageMedia", chat=job.origin.chat, retry_after=60)
    scene.work()
    assert {scene.now(job).state for job in jobs} == {State.DELIVERING}
    # Telegram's word holds the chats: our own limiter says "not now".
    for job in jobs:
        scene.redis.hset(keys.job(job.id), "hindered:delivering", 1)
        again(scene, job)
    assert {scene.now(job).state for job in jobs} == {State.DELIVERING}
    for job in jobs:
        scene.redis.delete(keys.bucket(f"hold:{job.origin.chat}"))
        again(scene, job)
    assert {scene.now(job).state for job in jobs} == {State.DELIVERED}


def test_trouble_that_lasts_is_told_and_then_ends_unheard(scene: Stage) -> None:
    """Given a Telegram in trouble for over an hour, I expect the delivery given up and the reason told; where
    that takes as long again, the job ends, unheard and counted."""
    job = stored(scene, scene.job("a fox too late"))
    scene.telegram.fault("502", times=ALWAYS)
    scene.work()
    assert scene.now(job).state is State.DELIVERING
    scene.redis.hincrby(keys.job(job.id), "hindered:delivering", -3_700_000)
    again(scene, job)
    now = scene.now(job)
    assert (now.state, now.failure, now.told) == (State.FAILED, Failure.INTERNAL, False)
    scene.work()
    assert not scene.now(job).told
    scene.redis.hincrby(keys.job(job.id), "hindered:failed", -3_700_000)
    again(scene, job)
    assert scene.now(job).told
    assert count(scene, "unheard:late:image") == 1


# At most once, and on evidence.


@pytest.mark.parametrize("trouble", [OSError("the store is away"), TypeError("an error of ours")], ids=repr)
def test_a_trouble_before_the_send_leaves_no_mark(
    scene: Stage, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """Given a new message whose file cannot be opened once, I expect the result with the next attempt."""
    job = stored(scene, scene.job("a fox in a moment"))
    scene.telegram.delete(job.origin.chat, job.message)

    def broken(artifact: Artifact) -> Any:
        raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(scene.process.files.store, "open", broken)
        scene.work()
    assert scene.now(job).state is State.DELIVERING
    again(scene, job)
    assert only(scene, job)["media"]["kind"] == "photo"


def test_a_status_message_that_appeared_after_the_claim_becomes_the_result(scene: Stage) -> None:
    """Given a bot that notes its message between the claim and the send, of an old job, I expect no second
    message beside it."""
    job = stored(scene, scene.job("a fox at last shown"))
    scene.redis.hset(keys.job(job.id), mapping={"message": "0", "once:status": "bot"})
    scene.redis.hincrby(keys.job(job.id), "at:accepted", -90_000)
    with scene.process.slots.hold(job.id, Claim.DELIVER) as slot:
        assert slot is not None
        assert scene.ledger.posted(job, job.message)
        with pytest.raises(NotNow):
            delivery.tell(scene.process, slot)
    again(scene, job)
    given, *rings = scene.by_bot(job)
    assert (given["message_id"], given["media"]["kind"]) == (job.message, "photo")
    assert [one["text"] for one in rings] == ["Your picture is ready."]


def test_a_status_message_is_waited_for_from_when_it_was_begun(scene: Stage) -> None:
    """Given an update that came again long after its job, I expect the end to wait for the bot's message."""
    job = stored(scene, scene.job("a fox late at the door"))
    scene.redis.hset(keys.job(job.id), "message", "0")
    scene.redis.hincrby(keys.job(job.id), "at:accepted", -90_000)
    assert scene.ledger.once(job.id, "status", "bot")
    scene.work()
    assert scene.now(job).state is State.DELIVERING
    scene.redis.hincrby(keys.job(job.id), "once_at:status", -16_000)
    again(scene, job)
    assert scene.now(job).state is State.DELIVERED


def test_a_status_message_is_refused_once_the_end_may_be_on_its_way(scene: Stage) -> None:
    """Given an end that is being sent as a new message, or was told, I expect the bot's late message refused;
    the same note again, as its answer was lost, is none."""
    job = stored(scene, scene.job("a fox beside nothing"))
    assert scene.ledger.posted(job, job.message), "the same again"
    scene.redis.hset(keys.job(job.id), "message", "0")
    for mark in ("place:1", "fallback"):
        scene.ledger.once(job.id, mark)
        assert not scene.ledger.posted(job, job.message)
        scene.ledger.again(job.id, mark)
    scene.redis.hset(keys.job(job.id), "at:told", "1")
    assert not scene.ledger.posted(job, job.message)
    assert not scene.ledger.posted(replace(job, id="nobody"), 1)


# Errors of ours.


def test_a_result_needs_no_model_of_the_catalogue(scene: Stage) -> None:
    job = stored(scene, scene.job("a fox of old"))
    scene.redis.hset(keys.job(job.id), "model", "sketch-0")
    scene.work()
    assert scene.now(job).state is State.DELIVERED
    assert "sketch-0" in only(scene, job)["caption"]


@pytest.mark.parametrize("fate", ["stored", "cancelled"])
def test_an_error_of_ours_ends_in_words_after_a_few_attempts(
    scene: Stage, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    """Given an end whose text cannot be made, I expect a few attempts, then plain words, and nothing owed."""
    job = scene.job(f"a broken fox, {fate}")
    if fate == "cancelled":
        scene.ledger.cancel(job.id, job.origin.user)
        scene.process.publisher.publish_delivery(job.id)
    else:
        stored(scene, job)

    def broken(*_: Any) -> Any:
        raise TypeError("an error of ours")

    name = "give_result" if fate == "stored" else "say_end"
    monkeypatch.setattr(delivery, name, broken)
    scene.work()
    for _ in range(scene.settings.max_crashes - 1):
        assert not scene.now(job).told
        again(scene, job)
    scene.work()
    assert scene.now(job).told
    assert "on our side" in only(scene, job)["text"]


def test_telling_that_keeps_breaking_ends_unheard(scene: Stage) -> None:
    """Given a cancelled job over which worker after worker dies, I expect it given up and counted."""
    job = scene.job("a deadly end")
    scene.ledger.cancel(job.id, job.origin.user)
    scene.redis.hset(keys.job(job.id), "crashes", 2 * scene.settings.max_crashes + 1)
    scene.process.publisher.publish_delivery(job.id)
    scene.work()
    assert scene.now(job).told
    assert count(scene, "unheard:broken:image") == 1
