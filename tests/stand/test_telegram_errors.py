"""What the stand refuses, and that it does so in Telegram's words."""

from typing import Any

import pytest
from telegram_stand_tools import Api, png

from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


def _keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[button]]}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"text": ""}, "message text is empty"),
        ({}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": 5}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody_there"}, "chat not found"),
        ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        ({"text": "x", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"text": "x", "reply_parameters": "["}, "can't parse reply parameters JSON object"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        ({"text": "x", "reply_markup": _keyboard(text="a", callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": _keyboard(text="a", callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
        (
            {"text": "x", "reply_markup": _keyboard(text="a")},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "x", "reply_markup": _keyboard(callback_data="a")},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"text": "x", "reply_markup": _keyboard(text="a", url="no url")},
            "inline keyboard button URL 'no url' is invalid: Wrong HTTP URL",
        ),
        (
            {"text": "a<br>b", "parse_mode": "HTML"},
            'can\'t parse entities: Unsupported start tag "br" at byte offset 1',
        ),
        (
            {"text": "<b>x</i>", "parse_mode": "HTML"},
            'can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        (
            {"text": "é<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            {"text": "x</b>", "parse_mode": "HTML"},
            "can't parse entities: Unexpected end tag at byte offset 1",
        ),
        (
            {"text": "1 < 2", "parse_mode": "HTML"},
            'can\'t parse entities: Unsupported start tag "" at byte offset 2',
        ),
        (
            {"text": "5.1", "parse_mode": "MarkdownV2"},
            "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            {"text": "a *b", "parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of Bold entity at byte offset 2",
        ),
        (
            {"text": "a_b", "parse_mode": "Markdown"},
            "can't parse entities: Can't find end of the entity starting at byte offset 1",
        ),
    ],
)
def test_send_message_refuses(api: Api, ann: int, parameters: dict[str, Any], words: str) -> None:
    """A wrong sendMessage gets 400 with these words, and nothing appears in the chat."""
    assert api.refused("sendMessage", **{"chat_id": ann, **parameters}) == f"Bad Request: {words}"


@pytest.mark.parametrize("length", [1, 4096])
def test_texts_of_the_allowed_lengths_pass(api: Api, ann: int, length: int) -> None:
    """1 and 4096 characters are both fine, whatever the characters."""
    assert len(api.ok("sendMessage", chat_id=ann, text="ж" * length)["text"]) == length


def test_edits_are_refused(api: Api, other: Api, stand: TelegramStand, ann: int) -> None:
    """Not modified, not found, not the bot's own, not of the kind."""
    keyboard = _keyboard(text="a", callback_data="b")
    text = api.ok("sendMessage", chat_id=ann, text="x", reply_markup=keyboard)["message_id"]
    same = {"chat_id": ann, "message_id": text, "reply_markup": keyboard}
    assert api.refused("editMessageText", text="x", **same) == NOT_MODIFIED
    assert api.refused("editMessageReplyMarkup", **same) == NOT_MODIFIED
    gone = {"chat_id": ann, "message_id": 4_000}
    assert api.refused("editMessageText", text="y", **gone) == "Bad Request: message to edit not found"
    assert api.refused("editMessageText", text="y") == "Bad Request: message identifier is not specified"
    assert (
        api.refused("editMessageCaption", chat_id=ann, message_id=text, caption="c")
        == "Bad Request: there is no caption in the message to edit"
    )
    theirs = stand.send(ann, "mine")["message_id"]
    assert (
        api.refused("editMessageText", chat_id=ann, message_id=theirs, text="y")
        == "Bad Request: message can't be edited"
    )
    assert (
        other.refused("editMessageText", chat_id=ann, message_id=text, text="y")
        == "Bad Request: message can't be edited"
    )
    photo = api.ok("sendPhoto", {"photo": ("a.png", png())}, chat_id=str(ann))["message_id"]
    assert (
        api.refused("editMessageText", chat_id=ann, message_id=photo, text="y")
        == "Bad Request: there is no text in the message to edit"
    )


def test_a_message_deleted_by_the_user_cannot_be_edited_or_deleted(
    api: Api, stand: TelegramStand, ann: int
) -> None:
    """Once it is out of the chat it is not found."""
    message_id = api.ok("sendMessage", chat_id=ann, text="x")["message_id"]
    stand.delete(ann, message_id)
    where = {"chat_id": ann, "message_id": message_id}
    assert api.refused("editMessageText", text="y", **where) == "Bad Request: message to edit not found"
    assert api.refused("deleteMessage", **where) == "Bad Request: message to delete not found"
    assert api.refused("copyMessage", from_chat_id=ann, **where) == "Bad Request: message to copy not found"


def test_a_callback_query_is_answered_once_known(
    api: Api, other: Api, stand: TelegramStand, ann: int
) -> None:
    """An unknown query and another bot's are too old; a notice of more than 200 characters is too long."""
    keyboard = _keyboard(text="Go", callback_data="go")
    message_id = api.ok("sendMessage", chat_id=ann, text="x", reply_markup=keyboard)["message_id"]
    query = stand.press(ann, message_id, "Go")
    old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert api.refused("answerCallbackQuery", callback_query_id="1") == old
    assert other.refused("answerCallbackQuery", callback_query_id=query) == old
    long = api.refused("answerCallbackQuery", callback_query_id=query, text="x" * 201)
    assert long == "Bad Request: MESSAGE_TOO_LONG"
    assert api.ok("answerCallbackQuery", callback_query_id=query, text="done") is True
    assert stand.press_answer(query)["text"] == "done"


def test_the_rest_of_the_words(api: Api, stand: TelegramStand, ann: int) -> None:
    """Methods, actions, commands, groups."""
    body = api.call("getMee")
    assert (body["error_code"], body["description"]) == (404, "Not Found: method not found")
    assert api.refused("sendChatAction", chat_id=ann, action="dance") == (
        "Bad Request: wrong parameter action in request"
    )
    bad = [{"command": "Bad-Name", "description": "x"}]
    assert api.refused("setMyCommands", commands=bad) == "Bad Request: BOT_COMMAND_INVALID"
    group = stand.new_group("Trio", [ann])
    theirs = stand.send(ann, "mine", chat=group)["message_id"]
    assert api.refused("deleteMessage", chat_id=group, message_id=theirs) == (
        "Bad Request: message can't be deleted for everyone"
    )
    assert api.ok("leaveChat", chat_id=group) is True
    gone = api.call("sendMessage", chat_id=group, text="x")
    assert gone["error_code"] == 403
    assert gone["description"] == "Forbidden: bot is not a member of the supergroup chat"
