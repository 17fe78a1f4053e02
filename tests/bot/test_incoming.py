"""Reading Telegram's updates: what is meant for the bot, and where an answer goes."""

from typing import Any, cast

import pytest
from telegram import Bot, CallbackQuery, Message

from bot import incoming


class FakeBot:
    """The two facts about a bot that reading needs."""

    id = 5
    username = "darkroom_bot"


BOT = cast(Bot, FakeBot())
ANN = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": "ru-RU"}
ME = {"id": 5, "is_bot": True, "first_name": "Darkroom"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends", "is_forum": True}
PRIVATE = {"id": 1, "type": "private", "first_name": "Ann"}


def message(text: str = "a fox", chat: dict[str, Any] = GROUP, **more: Any) -> Message:
    body = {"message_id": 9, "date": 1, "from": ANN, "chat": chat, "text": text, **more}
    return Message.de_json(body, None)


def mention(text: str, name: str) -> Message:
    entity = {"type": "mention", "offset": text.index(name), "length": len(name)}
    return message(text, entities=[entity])


def called(text: str, name: str) -> Message:
    entity = {"type": "bot_command", "offset": text.index(name), "length": len(name)}
    return message(text, entities=[entity])


def captioned(text: str, part: str, kind: str) -> Message:
    entity = {"type": kind, "offset": text.index(part), "length": len(part)}
    body = {"message_id": 9, "date": 1, "from": ANN, "chat": GROUP, "caption": text}
    return Message.de_json({**body, "caption_entities": [entity]}, None)


def replied(writer: dict[str, Any], **more: Any) -> Message:
    body = {"message_id": 8, "date": 1, "from": writer, "chat": GROUP, "text": "x"}
    return message(reply_to_message=body, **more)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (message(), False),
        (replied(ME), False),
        (mention("a fox @Darkroom_Bot", "@Darkroom_Bot"), True),
        (mention("a fox @somebody", "@somebody"), False),
        (message("a fox@darkroom_bot.example"), False),
        (called("/image@darkroom_bot a fox", "/image@darkroom_bot"), True),
        (called("/image@other_bot a fox", "/image@other_bot"), False),
        (called("/image a fox", "/image"), False),
        (captioned("/image@Darkroom_bot a fox", "/image@Darkroom_bot", "bot_command"), True),
        (captioned("@darkroom_bot a fox", "@darkroom_bot", "mention"), True),
        (captioned("a fox", "a fox", "bold"), False),
    ],
)
def test_what_names_the_bot(said: Message, meant: bool) -> None:
    assert incoming.names(said, BOT) is meant


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("/image a fox", "a fox"),
        ("/image@darkroom_bot a fox", "a fox"),
        ("/image\na fox\n--ar 1:1", "a fox\n--ar 1:1"),
        ("/image", ""),
        ("/image@darkroom_bot", ""),
        ("a /fox", "a /fox"),
        ("@darkroom_bot /video waves", "waves"),
        ("@darkroom_bot, /video@darkroom_bot waves", "waves"),
    ],
)
def test_the_text_behind_a_command(text: str, rest: str) -> None:
    assert incoming.after_command(text) == rest


@pytest.mark.parametrize(
    ("text", "entity", "command"),
    [
        ("/Image@Darkroom_bot a fox", "/Image@Darkroom_bot", ("image", "darkroom_bot")),
        ("/draw@darkroom_bot\na fox", "/draw@darkroom_bot", ("draw", "darkroom_bot")),
        ("@darkroom_bot /video waves", "/video", ("video", "")),
        ("no command", "", ("", "")),
    ],
)
def test_a_command_ends_where_telegram_says(text: str, entity: str, command: tuple[str, str]) -> None:
    assert incoming.command(called(text, entity) if entity else message(text)) == command


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@darkroom_bot /video waves", True),
        ("@Darkroom_Bot, /video", True),
        ("@darkroom_bot draw /video", False),
        ("@other_bot /video waves", False),
        ("/video @darkroom_bot", False),
    ],
)
def test_a_command_behind_the_bots_name_is_one(text: str, meant: bool) -> None:
    assert incoming.summons(called(text, "/video"), BOT) is meant


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@darkroom_bot a fox", "a fox"),
        ("@Darkroom_Bot, a fox", "a fox"),
        ("a fox @darkroom_bot", "a fox"),
        ("a fox @darkroom_bot2", "a fox @darkroom_bot2"),
        ("me@darkroom_bot.org", "me@darkroom_bot.org"),
    ],
)
def test_the_bots_name_is_no_part_of_the_prompt(text: str, rest: str) -> None:
    assert incoming.without_mention(text, "darkroom_bot") == rest


def test_an_answer_goes_to_the_topic_of_the_request_but_not_to_a_chain_of_replies() -> None:
    user = message().from_user
    assert user is not None
    in_topic = incoming.origin(user, message(is_topic_message=True, message_thread_id=77))
    assert (in_topic.chat, in_topic.thread, in_topic.reply_to, in_topic.user) == (-100, 77, 9, 1)
    assert in_topic.language == "ru"
    assert incoming.origin(user, message(message_thread_id=77)).thread == 0


def pressed(body: dict[str, Any]) -> CallbackQuery:
    query = {"id": "1", "from": ANN, "chat_instance": "1", "data": "x", "message": body}
    return CallbackQuery.de_json(query, None)


def test_an_answer_to_a_press_on_a_message_too_old_to_be_told_still_has_its_place() -> None:
    query = pressed({"message_id": 3, "date": 0, "chat": GROUP})
    assert query.message is not None
    origin = incoming.origin(query.from_user, query.message)
    assert (origin.chat, origin.reply_to, origin.thread) == (-100, 3, 0)
    assert incoming.asker(query) is None


@pytest.mark.parametrize("asked", [ANN, ME])
def test_a_list_in_a_group_belongs_to_whoever_it_replies_to(asked: dict[str, Any]) -> None:
    body = replied(asked).to_dict()
    assert incoming.asker(pressed(body)) == asked["id"]


SHARED = {"id": 1087968824, "is_bot": True, "first_name": "Group"}


@pytest.mark.parametrize("sender", [GROUP, {"id": -200, "type": "channel", "title": "News"}])
def test_who_writes_as_a_chat_is_that_chat(sender: dict[str, Any]) -> None:
    """Given a message in the name of a group or a channel, I expect its writer, the job's owner and the owner
    of the list that answers it to be that chat, not the user that all such messages share."""
    more: dict[str, Any] = {"from": SHARED, "sender_chat": sender}
    said = message(**more)
    assert said.from_user is not None
    assert incoming.writer(said) == sender["id"]
    assert incoming.origin(said.from_user, said).user == sender["id"]
    body = replied(SHARED).to_dict()
    body["reply_to_message"]["sender_chat"] = sender
    assert incoming.asker(pressed(body)) == sender["id"]
