"""The gateway against the stand's Telegram: what people see, and what each trouble becomes."""

import asyncio
import io
import struct
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from PIL import Image

from chat import keyboards, status
from chat.errors import (
    ChatMoved,
    Dropped,
    MediaTooLarge,
    MessageGone,
    NotNow,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from chat.media import Known, Upload
from chat.status import View
from chat.texts import texts
from config.settings import Settings
from jobs.errors import PassingError
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from sandbox.processes import Program
from stand.telegram.client import TelegramStand

pytestmark = pytest.mark.filterwarnings("ignore:.*retry_after")

EN = texts("en")
JOB_ID = "abcdefghij234567abcd"
RESULT = View("a red fox", keyboards.result(JOB_ID, EN, animate=True))
FAST = {"telegram_rate_per_s": 10_000.0, "telegram_chat_rate_per_s": 1000.0}

SettingsFor = Callable[..., Settings]


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    with Program(argv, ready=r"telegram stand on (?P<url>http://\S+)") as program:
        yield program


@pytest.fixture
def stand(server: Program) -> Iterator[TelegramStand]:
    with TelegramStand(server.url) as client:
        client.clear_faults()
        client.limits(enabled=False)
        yield client


@pytest.fixture
async def gateway(stand: TelegramStand, settings_for: SettingsFor) -> AsyncIterator[Gateway]:
    settings = settings_for(telegram_api_url=stand.base_url, **FAST)
    async with Gateway(settings, SharedLimiter(settings)) as made:
        await made.bot.initialize()
        yield made


@pytest.fixture
def user(stand: TelegramStand, gateway: Gateway) -> int:
    """A person who has started the bot."""
    made = stand.new_user()
    stand.send(made, "/start")
    return made


def job_for(user: int, chat: int | None = None, **fields: Any) -> Job:
    origin = Origin(user, chat or user, 0, "en", 0)
    request = Request(Kind.IMAGE, "flux-schnell", "a red fox", seed=42)
    return Job(JOB_ID, request, origin, Tier.REGULAR, Lane.IMG, State.QUEUED, **fields)


async def posted(gateway: Gateway, user: int, chat: int | None = None) -> Job:
    """A job whose status message is in the chat."""
    job = job_for(user, chat)
    return replace(job, message=await gateway.post(job.origin, status.waiting(job, None, EN)))


def shown(stand: TelegramStand, job: Job) -> dict[str, Any]:
    """The job's message as the chat shows it."""
    return next(one for one in stand.messages(job.origin.chat) if one["message_id"] == job.message)


def buttons(message: dict[str, Any]) -> list[str]:
    return list(message["edits"][-1]["buttons"])


def by_bot(stand: TelegramStand, chat: int) -> list[dict[str, Any]]:
    return [message for message in stand.messages(chat) if message["from"]["is_bot"]]


def picture(width: int = 64, height: int = 48) -> Upload:
    data = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(data, "png")
    content = data.getvalue()
    return Upload("fox.png", "image/png", len(content), lambda: io.BytesIO(content), width, height)


def video() -> Upload:
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("h264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.zeros((48, 64, 3), numpy.uint8), format="rgb24")
        for packet in [packet for _ in range(10) for packet in stream.encode(frame)] + stream.encode():
            container.mux(packet)
    content = data.getvalue()
    return Upload("waves.mp4", "video/mp4", len(content), lambda: io.BytesIO(content), 64, 48, 1)


# What people see.


async def test_a_status_message_answers_the_request(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a request, when its status is posted, I expect a reply to it with a Cancel button."""
    asked = stand.send(user, "/image a red fox")
    job = job_for(user)
    job = replace(job, origin=replace(job.origin, reply_to=asked["message_id"]))
    job = replace(job, message=await gateway.post(job.origin, status.waiting(job, None, EN)))
    message = shown(stand, job)
    assert message["text"] == "Starting…"
    assert message["reply_to_message"]["message_id"] == asked["message_id"]
    assert buttons(message) == ["Cancel"]


async def test_a_status_message_comes_though_the_request_was_deleted(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a request that was deleted at once, I expect its status message all the same."""
    asked = stand.send(user, "/image a red fox")
    stand.delete(user, asked["message_id"])
    origin = Origin(user, user, asked["message_id"], "en", 0)
    message = await gateway.say(origin, "hello")
    assert [one["message_id"] for one in by_bot(stand, user)] == [message]


async def test_the_status_is_edited_and_the_same_edit_again_is_no_error(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a status message, when the same progress is shown twice, I expect it shown, and no error."""
    job = await posted(gateway, user)
    for _ in range(2):
        await gateway.show(job, status.progress(replace(job, progress=40), EN), progress=True)
    assert shown(stand, job)["text"] == "Drawing 40 %"
    await gateway.reply(job, status.ready(job, EN))
    last = by_bot(stand, user)[-1]
    assert (last["text"], last["reply_to_message"]["message_id"]) == ("Your picture is ready.", job.message)


async def test_the_status_message_becomes_the_picture(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a status message, when the result is given twice, I expect one message with the picture in it."""
    job, upload = await posted(gateway, user), picture()
    for _ in range(2):
        await gateway.give(job, RESULT, upload)
    message = shown(stand, job)
    assert message["media"]["kind"] == "photo"
    assert message["caption"] == "a red fox"
    assert buttons(message) == ["Again", "Variation", "Animate"]
    assert len(by_bot(stand, user)) == 1


async def test_a_video_is_given_with_its_shape(stand: TelegramStand, gateway: Gateway, user: int) -> None:
    """Given a video, I expect a video message of its size and length, with the very bytes."""
    job, upload = await posted(gateway, user), video()
    assert await gateway.give(job, RESULT, upload)
    message = shown(stand, job)
    media = message["media"]
    assert (media["kind"], media["width"], media["height"], media["duration"]) == ("video", 64, 48, 1)
    with upload.open() as source:
        assert stand.file(message) == source.read()


@pytest.mark.parametrize("way", ["given", "sent", "by its file_id"])
async def test_a_video_that_telegram_does_not_look_into_has_its_shape(
    way: str, stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a video over 10 MB of which nobody knows the shape, I expect it told, however it is given."""
    small = video()
    with small.open() as source:
        content = source.read() + struct.pack(">I4s", 8 + 11_000_000, b"free") + bytes(11_000_000)
    large = Upload("waves.mp4", "video/mp4", len(content), lambda: io.BytesIO(content))
    job = await posted(gateway, user)
    if way == "given":
        await gateway.give(job, RESULT, large)
    else:
        _, file_id = await gateway.send(job, RESULT, large)
        if way == "by its file_id":
            await gateway.give(job, RESULT, Known(file_id, "video/mp4"))
    for message in by_bot(stand, user):
        if media := message["media"]:
            assert (media["width"], media["height"], media["duration"]) == (64, 48, 1)


@pytest.mark.parametrize("make", [picture, video])
async def test_a_file_id_shows_the_result_again_without_an_upload(
    make: Callable[[], Upload], stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a result that the chat has, when it is sent again by its file_id, I expect the same file."""
    job, upload = await posted(gateway, user), make()
    file_id = await gateway.give(job, RESULT, upload)
    message_id, again = await gateway.send(job, RESULT, Known(file_id, upload.mime))
    assert again
    first, second = by_bot(stand, user)
    assert second["message_id"] == message_id != job.message
    assert first["media"]["file_unique_id"] == second["media"]["file_unique_id"]


async def test_a_new_result_message_answers_the_request(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given no status message to turn into the result, when it is sent, I expect a reply to the request."""
    asked = stand.send(user, "/image a red fox")
    job = job_for(user)
    job = replace(job, origin=replace(job.origin, reply_to=asked["message_id"]))
    message_id, file_id = await gateway.send(job, RESULT, picture())
    (message,) = by_bot(stand, user)
    assert (message["message_id"], message["media"]["kind"]) == (message_id, "photo")
    assert message["reply_to_message"]["message_id"] == asked["message_id"]
    assert message["media"]["file_id"] == file_id


async def test_a_photo_that_is_not_taken_as_one_comes_as_a_document(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a picture that Telegram does not want as a photo, I expect it as a document, given or sent."""
    job = await posted(gateway, user)
    for method in ("editMessageMedia", "sendPhoto"):
        stand.fault("400", method=method, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    assert await gateway.give(job, RESULT, picture())
    await gateway.send(job, RESULT, picture())
    assert [message["media"]["kind"] for message in by_bot(stand, user)] == ["document", "document"]


async def test_a_large_file_is_streamed(
    stand: TelegramStand, gateway: Gateway, user: int, tmp_path: Path
) -> None:
    """Given 40 MB, when they are uploaded, I expect a few MB of memory at most."""
    file = tmp_path / "large.bin"
    with file.open("wb") as sparse:
        sparse.truncate(40_000_000)
    upload = Upload("large.bin", "application/octet-stream", 40_000_000, lambda: file.open("rb"))
    job = await posted(gateway, user)
    tracemalloc.start()
    try:
        await gateway.give(job, RESULT, upload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shown(stand, job)["media"]["file_size"] == 40_000_000
    assert peak < 5_000_000


# Troubles.


@pytest.mark.parametrize("kind", ["500", "502", "reset", "drop_answer"])
async def test_an_edit_is_made_again_after_a_trouble_that_passes(
    kind: str, stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given one fault of the network or the server, I expect edits and results to be shown all the same."""
    job = await posted(gateway, user)
    stand.fault(kind, method="editMessageText")
    await gateway.show(job, View("Almost there"))
    assert shown(stand, job)["text"] == "Almost there"
    stand.fault(kind, method="editMessageMedia")
    await gateway.give(job, RESULT, picture())
    assert shown(stand, job)["media"]["kind"] == "photo"
    assert len(by_bot(stand, user)) == 1


async def test_an_edit_is_made_no_more_than_twice(stand: TelegramStand, gateway: Gateway, user: int) -> None:
    """Given a server that keeps failing, I expect a passing error after two tries."""
    job = await posted(gateway, user)
    stand.fault("502", method="editMessageText", times=5)
    with pytest.raises(PassingError):
        await gateway.show(job, View("Almost there"))
    calls = stand.calls(method="editMessageText", chat=user)["calls"]
    assert [call["code"] for call in calls] == [502, 502]


@pytest.mark.parametrize("kind", ["429", "500", "reset"])
async def test_progress_is_tried_once_and_dropped(
    kind: str, stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given any trouble, when progress is shown, I expect one try and Dropped."""
    job = await posted(gateway, user)
    stand.fault(kind, method="editMessageText", times=3, retry_after=1)
    with pytest.raises(Dropped):
        await gateway.show(job, View("Drawing 40 %"), progress=True)
    assert len(stand.calls(method="editMessageText", chat=user)["calls"]) == 1
    assert shown(stand, job)["text"] == "Starting…"


async def test_retry_after_is_waited_out(stand: TelegramStand, gateway: Gateway, user: int) -> None:
    """Given "retry after 1", when a result is given, I expect the second try no sooner."""
    job = await posted(gateway, user)
    stand.fault("429", method="editMessageMedia", retry_after=1)
    await gateway.give(job, RESULT, picture())
    refused, taken = stand.calls(method="editMessageMedia", chat=user)["calls"]
    assert (refused["code"], taken["code"]) == (429, 200)
    assert taken["at"] - refused["at"] >= 0.99


@pytest.mark.parametrize(("kind", "messages"), [("reset", 0), ("drop_answer", 1)])
async def test_a_send_whose_answer_is_lost_is_not_repeated(
    kind: str, messages: int, stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a connection that breaks under a send, I expect OutcomeUnknown, one call, and no duplicate."""
    job = job_for(user)
    stand.fault(kind, method="sendMessage")
    with pytest.raises(OutcomeUnknown):
        await gateway.say(job.origin, "hello")
    assert len(by_bot(stand, user)) == messages
    stand.fault(kind, method="sendPhoto")
    with pytest.raises(OutcomeUnknown):
        await gateway.send(job, RESULT, picture())
    assert len(by_bot(stand, user)) == 2 * messages
    assert len(stand.calls(chat=user)["calls"]) == 2


@pytest.mark.parametrize("kind", ["500", "502"])
async def test_a_send_that_the_server_refused_is_known_not_to_be_made(
    kind: str, stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given an answer that says the call failed, I expect a passing error: the caller may send again."""
    stand.fault(kind, method="sendMessage")
    with pytest.raises(PassingError):
        await gateway.say(job_for(user).origin, "hello")
    assert not by_bot(stand, user)


async def test_a_send_without_a_connection_is_known_not_to_be_made(settings_for: SettingsFor) -> None:
    """Given a Telegram that is away, I expect a passing error, from sends only: entering needs nobody."""
    settings = settings_for(telegram_api_url="http://127.0.0.1:1", redis_url="redis://127.0.0.1:1/0")
    async with Gateway(settings, SharedLimiter(settings)) as gateway:
        with pytest.raises(PassingError):
            await gateway.say(Origin(1, 1, 0, "en", 0), "hello")
        with pytest.raises(PassingError):
            await gateway.send(job_for(1), RESULT, picture())


async def test_without_redis_messages_go_out(
    stand: TelegramStand, user: int, settings_for: SettingsFor
) -> None:
    """Given a Redis that is away, I expect messages to be sent all the same."""
    settings = settings_for(telegram_api_url=stand.base_url, redis_url="redis://127.0.0.1:1/0")
    async with Gateway(settings, SharedLimiter(settings)) as gateway:
        await gateway.say(job_for(user).origin, "hello")
    assert [message["text"] for message in by_bot(stand, user)] == ["hello"]


async def test_a_chat_that_cannot_be_written_to_is_told_apart(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a person who blocked the bot, and a chat that does not exist, I expect Unreachable."""
    stand.block(user)
    with pytest.raises(Unreachable):
        await gateway.say(job_for(user).origin, "hello")
    with pytest.raises(Unreachable):
        await gateway.say(job_for(987654321).origin, "hello")


async def test_a_message_that_is_gone_is_told_apart(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a status message that was deleted, or never posted, I expect MessageGone from every edit."""
    job = await posted(gateway, user)
    stand.delete(user, job.message)
    for gone in (job, job_for(user)):
        with pytest.raises(MessageGone):
            await gateway.show(gone, View("Almost there"))
        with pytest.raises(MessageGone):
            await gateway.give(gone, RESULT, picture())


async def test_a_late_text_does_not_replace_the_result(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a result that is shown, when progress comes too late, I expect the picture to stay."""
    job = await posted(gateway, user)
    await gateway.give(job, RESULT, picture())
    with pytest.raises(MessageGone):
        await gateway.show(job, View("Drawing 99 %"), progress=True)
    assert shown(stand, job)["media"]["kind"] == "photo"


async def test_a_group_that_became_a_supergroup_tells_its_new_id(
    stand: TelegramStand, gateway: Gateway, user: int
) -> None:
    """Given a group that was upgraded, I expect ChatMoved with the id under which it answers."""
    group = stand.new_group("foxes", [user], kind="group")
    moved_to = stand.migrate(group)
    with pytest.raises(ChatMoved) as raised:
        await gateway.say(job_for(user, group).origin, "hello")
    assert raised.value.new_chat_id == moved_to
    await gateway.say(job_for(user, moved_to).origin, "hello")
    assert [message["text"] for message in by_bot(stand, moved_to)][-1] == "hello"


async def test_a_file_over_the_limit_is_not_even_uploaded(
    stand: TelegramStand, user: int, settings_for: SettingsFor
) -> None:
    """Given a file over the server's limit, I expect MediaTooLarge without a call."""
    settings = settings_for(telegram_api_url=stand.base_url, telegram_upload_max_bytes=10, **FAST)
    async with Gateway(settings, SharedLimiter(settings)) as gateway:
        job = await posted(gateway, user)
        with pytest.raises(MediaTooLarge):
            await gateway.give(job, RESULT, picture())
    assert not stand.calls(method="editMessageMedia", chat=user)["calls"]


async def test_what_telegram_refuses_for_good_is_told_apart(gateway: Gateway, user: int) -> None:
    """Given a text that is too long, and a file_id of nobody, I expect Refused: repeating would not help."""
    with pytest.raises(Refused):
        await gateway.say(job_for(user).origin, "x" * 4097)
    with pytest.raises(Refused):
        await gateway.send(job_for(user), RESULT, Known("nobody", "image/png"))


async def test_two_processes_stay_within_telegrams_limits(
    stand: TelegramStand, user: int, settings_for: SettingsFor
) -> None:
    """Given the stand's flood control, when two processes write to one chat at once, I expect no 429."""
    stand.limits(enabled=True, per_chat_per_s=20, burst=10, global_per_s=1000)
    settings = settings_for(telegram_api_url=stand.base_url, telegram_chat_rate_per_s=15.0)
    one, two = (Gateway(settings, SharedLimiter(settings)) for _ in range(2))
    async with one, two:
        origin = job_for(user).origin
        await asyncio.gather(*(gateway.say(origin, "hello") for gateway in (one, two) for _ in range(10)))
    calls = stand.calls(method="sendMessage", chat=user)["calls"]
    assert [call["code"] for call in calls] == [200] * 20


async def test_an_answer_whose_chat_must_wait_comes_back_at_once(
    stand: TelegramStand, user: int, settings_for: SettingsFor
) -> None:
    """Given a gateway that does not wait for a chat, when a chat has used up its burst or Telegram tells it
    to wait, I expect to hear at once for how long, and no further call."""
    stand.limits(enabled=False)
    settings = settings_for(telegram_api_url=stand.base_url, telegram_chat_rate_per_s=0.001)
    async with Gateway(settings, SharedLimiter(settings), patient=False) as gateway:
        origin = job_for(user).origin
        for _ in range(3):
            await gateway.say(origin, "hello")
        with pytest.raises(NotNow) as caught:
            await asyncio.wait_for(gateway.say(origin, "too much"), 60)
        assert caught.value.retry_after is not None
        assert 900 < caught.value.retry_after <= 1000
        other = stand.new_user("Bob")
        stand.fault("429", method="sendMessage", chat=other, retry_after=500)
        with pytest.raises(PassingError) as told:
            await asyncio.wait_for(gateway.say(job_for(other).origin, "hello"), 60)
        assert told.value.retry_after == 500
    assert len(stand.calls(method="sendMessage", chat=user)["calls"]) == 3
    assert len(stand.calls(method="sendMessage", chat=other)["calls"]) == 1
