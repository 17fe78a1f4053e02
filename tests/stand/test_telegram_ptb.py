"""The stand as python-telegram-bot sees it: an independent client that knows nothing of it."""

import asyncio
import io
import re
from pathlib import Path
from typing import Any

import pytest
from patience import eventually
from telegram import (
    Bot,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes
from telegram_stand_tools import CheckedRequest, mp4, png

from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Cancel", callback_data="cancel:1")]])


async def test_a_text_is_sent_and_edited(bot: Bot, stand: TelegramStand, ann: int) -> None:
    """A bot's text arrives with its button; the edit shows in the chat's history."""
    sent = await bot.send_message(ann, "queued <b>#2</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    edited = await bot.edit_message_text("drawing", ann, sent.message_id)
    assert isinstance(edited, Message)
    assert sent.parse_entities() == {sent.entities[0]: "#2"}
    assert edited.edit_date is not None
    assert edited.reply_markup is None
    [shown] = stand.messages(ann)
    assert [version["text"] for version in shown["edits"]] == ["queued #2", "drawing"]
    assert [version["buttons"] for version in shown["edits"]] == [["Cancel"], []]


async def test_a_photo_is_uploaded_and_sent_again_by_file_id(
    bot: Bot, stand: TelegramStand, ann: int
) -> None:
    """Sizes are read from the bytes; the file_id sends the same file without an upload."""
    data = png(640, 400)
    sent = await bot.send_photo(ann, InputFile(io.BytesIO(data), "fox.png"), caption="a fox")
    assert [(size.width, size.height) for size in sent.photo] == [(90, 56), (320, 200), (640, 400)]
    again = await bot.send_photo(ann, sent.photo[-1].file_id)
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    assert stand.file(stand.messages(ann)[-1]) == data


async def test_a_file_is_downloaded_by_its_path(bot: Bot, ann: int) -> None:
    """getFile leads to the bytes, also to those of a thumbnail."""
    sent = await bot.send_photo(ann, png(400, 300))
    whole = await (await bot.get_file(sent.photo[-1].file_id)).download_as_bytearray()
    small = await (await bot.get_file(sent.photo[0].file_id)).download_as_bytearray()
    assert bytes(whole) == png(400, 300)
    assert small[:2] == b"\xff\xd8"


async def test_a_streamed_video_has_its_real_measures(bot: Bot, ann: int, tmp_path: Path) -> None:
    """A file handle is streamed; width, height and duration come from the bytes, whatever the caller says."""
    path = tmp_path / "wave.mp4"
    path.write_bytes(mp4(128, 96, seconds=2))
    with path.open("rb") as handle:
        sent = await bot.send_video(
            ann, InputFile(handle, read_file_handle=False), width=9, height=9, duration=99
        )
    assert sent.video is not None
    assert (sent.video.width, sent.video.height) == (128, 96)
    assert sent.to_dict()["video"]["duration"] == 2
    assert sent.video.mime_type == "video/mp4"


async def test_a_status_text_becomes_the_picture_and_then_the_video(
    bot: Bot, stand: TelegramStand, ann: int
) -> None:
    """editMessageMedia turns a text message into media, by upload and by file_id; the same edit again
    changes nothing.
    """
    status = await bot.send_message(ann, "drawing 40 %")
    picture = await bot.edit_message_media(InputMediaPhoto(png(), caption="a fox"), ann, status.message_id)
    assert isinstance(picture, Message)
    assert picture.text is None
    file_id = picture.photo[-1].file_id
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_media(InputMediaPhoto(file_id, caption="a fox"), ann, status.message_id)
    video = await bot.edit_message_media(
        InputMediaVideo(mp4()), ann, status.message_id, reply_markup=KEYBOARD
    )
    assert isinstance(video, Message)
    assert video.video is not None
    assert not video.photo
    assert [v["media"] for v in stand.messages(ann)[0]["edits"]] == [None, "photo", "video"]


async def test_an_album_arrives_as_one_group(bot: Bot, ann: int) -> None:
    """All messages of an album share a media_group_id."""
    album: list[Any] = [InputMediaPhoto(png(50)), InputMediaPhoto(png(51)), InputMediaVideo(mp4())]
    sent = await bot.send_media_group(ann, album)
    assert len({message.media_group_id for message in sent}) == 1
    assert [bool(message.photo) for message in sent] == [True, True, False]


async def test_a_command_and_a_button_go_round_through_polling(
    stand: TelegramStand, stand_url: str, token: str, ann: int
) -> None:
    """An Application on long polling answers /start; the user's press reaches it and is answered with a
    notice.
    """

    async def start(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text("hello", reply_markup=KEYBOARD, do_quote=True)

    async def pressed(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        assert isinstance(query, CallbackQuery)
        await query.answer(f"got {query.data}", show_alert=True)

    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{stand_url}/bot")
        .request(CheckedRequest())
        .get_updates_request(CheckedRequest())
        .build()
    )
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(pressed))
    async with application:
        assert application.updater is not None
        await application.start()
        await application.updater.start_polling(timeout=5, drop_pending_updates=True)
        question = await asyncio.to_thread(stand.send, ann, "/start")
        greeting = await asyncio.to_thread(stand.wait_message, ann, lambda m: m.get("text") == "hello", 5)
        press = await asyncio.to_thread(stand.press, ann, greeting["message_id"], "Cancel")
        answer = await asyncio.to_thread(stand.press_answer, press, 5)
        await application.updater.stop()
        await application.stop()
    assert greeting["reply_to_message"]["message_id"] == question["message_id"]
    assert answer == {"answered": True, "text": "got cancel:1", "show_alert": True}


async def test_a_second_consumer_ends_the_first_ones_poll(bot: Bot, stand: TelegramStand) -> None:
    """Two long polls on one token: the older one gets Conflict."""
    await bot.delete_webhook(drop_pending_updates=True)
    first = asyncio.ensure_future(bot.get_updates(timeout=20))
    await asyncio.to_thread(eventually, lambda: stand.state()["polls_waiting"] == 1)
    second = asyncio.ensure_future(bot.get_updates(timeout=1))
    with pytest.raises(Conflict, match="make sure that only one bot instance is running"):
        await first
    assert await second == ()


async def test_flood_control_says_how_long_to_wait(bot: Bot, stand: TelegramStand, ann: int) -> None:
    """The burst passes, the next message gets RetryAfter, other chats are not held up."""
    other = stand.new_user("Bob")
    stand.limits(enabled=True, per_chat_per_s=0.5, burst=2)
    await bot.send_message(ann, "1")
    await bot.send_message(ann, "2")
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(ann, "3")
    assert re.search(r"Retry in [12] seconds", str(refusal.value))
    await bot.send_chat_action(ann, "typing")
    await bot.send_message(other, "1")


async def test_errors_come_as_the_right_exceptions(bot: Bot, stand: TelegramStand, ann: int) -> None:
    """Blocked, unknown chat, and what faults order."""
    stand.block(ann)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(ann, "x")
    stand.block(ann, blocked=False)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(31, "x")
    for kind, error in (
        ("429", RetryAfter),
        ("500", NetworkError),
        ("502", NetworkError),
        ("400", BadRequest),
    ):
        stand.fault(kind, method="sendMessage", chat=ann)
        with pytest.raises(error):
            await bot.send_message(ann, "x")
    assert stand.messages(ann) == []
    await bot.send_message(ann, "the faults are used up")


async def test_an_upgraded_group_names_its_new_id(bot: Bot, stand: TelegramStand, ann: int) -> None:
    """A send to the old id raises ChatMigrated with the new one, which works."""
    old = stand.new_group("Friends", [ann], kind="group")
    new = stand.migrate(old)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(old, "x")
    assert moved.value.new_chat_id == new
    assert (await bot.send_message(new, "x")).chat_id == new


async def test_a_dropped_answer_leaves_the_message_in_the_chat(
    bot: Bot, stand: TelegramStand, ann: int
) -> None:
    """The call is carried out and the connection closed: the client sees an error, the user sees the message.

    With `seconds` the connection is held that long, and the client's own timeout comes first.
    """
    stand.fault("drop_answer", method="sendMessage", chat=ann)
    with pytest.raises(NetworkError):
        await bot.send_message(ann, "once")
    stand.fault("drop_answer", method="sendMessage", chat=ann, seconds=3)
    with pytest.raises(TimedOut):
        await bot.send_message(ann, "twice", read_timeout=0.3)
    stand.fault("reset", method="sendMessage", chat=ann)
    with pytest.raises(NetworkError):
        await bot.send_message(ann, "never")
    assert [message["text"] for message in stand.messages(ann)] == ["once", "twice"]


async def test_a_delay_outlasts_the_clients_patience(bot: Bot, stand: TelegramStand, ann: int) -> None:
    """A delayed call times out; after the delay it is carried out all the same."""
    stand.fault("delay", method="sendMessage", chat=ann, seconds=0.6)
    with pytest.raises(TimedOut):
        await bot.send_message(ann, "late", read_timeout=0.2)
    message = await asyncio.to_thread(stand.wait_message, ann, lambda m: m["text"] == "late", 5)
    assert message["edits"][0]["text"] == "late"


async def test_a_bad_token_is_refused(stand_url: str) -> None:
    """What isn't of a token's form is no bot."""
    with pytest.raises(InvalidToken):
        await Bot("12:short", base_url=f"{stand_url}/bot").initialize()
