"""The check that an update's fields have the types that Telegram documents. Pure.

python-telegram-bot checks no types. A wrong one would fail later, in a handler, the log or Redis. Only the
fields that Darkroom reads are checked.
"""

from collections.abc import Callable, Sequence
from typing import Any

from telegram import (
    CallbackQuery,
    Chat,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    Update,
    User,
)

Check = Callable[[Any], bool]

_LARGEST_ID = 1 << 63
_LARGEST_PLACE = 1 << 31


def is_id(found: object) -> bool:
    """Return whether the value is an integer that can be an id."""
    return type(found) is int and abs(found) < _LARGEST_ID


def is_sound(found: object) -> bool:
    """Return whether an object of the library and all parts of it that are read have the right types."""
    if isinstance(found, Update):
        return is_id(found.update_id) and all(map(_is_none_or_sound, _about(found)))
    shape = _SHAPES.get(type(found))
    return shape is not None and all(check(getattr(found, name)) for name, check in shape.items())


def _about(update: Update) -> Sequence[object]:
    return (
        update.callback_query,
        update.effective_message,
        update.effective_user,
        update.effective_chat,
    )


def _is_text(found: object) -> bool:
    if not isinstance(found, str):
        return False
    try:
        # Half a pair of surrogates cannot be stored, sent or logged.
        found.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_place(found: object) -> bool:
    return type(found) is int and 0 <= found < _LARGEST_PLACE


def _is_flag(found: object) -> bool:
    return isinstance(found, bool)


def _is_none_or_sound(found: object) -> bool:
    return found is None or is_sound(found)


def _maybe(check: Check) -> Check:
    return lambda found: found is None or check(found)


def _each(check: Check) -> Check:
    return lambda found: isinstance(found, tuple) and all(map(check, found))


def _one(*kinds: type) -> Check:
    return lambda found: isinstance(found, kinds) and is_sound(found)


_SHAPES: dict[type, dict[str, Check]] = {
    User: {"id": is_id, "is_bot": _is_flag, "username": _maybe(_is_text), "language_code": _maybe(_is_text)},
    Chat: {"id": is_id, "type": _is_text},
    MessageEntity: {"type": _is_text, "offset": _is_place, "length": _is_place},
    InlineKeyboardMarkup: {"inline_keyboard": _each(_each(_one(InlineKeyboardButton)))},
    InlineKeyboardButton: {"callback_data": _maybe(_is_text)},
    InaccessibleMessage: {"message_id": is_id, "chat": _one(Chat)},
    Message: {
        "message_id": is_id,
        "chat": _one(Chat),
        "from_user": _maybe(_one(User)),
        "sender_chat": _maybe(_one(Chat)),
        "text": _maybe(_is_text),
        "caption": _maybe(_is_text),
        "entities": _each(_one(MessageEntity)),
        "caption_entities": _each(_one(MessageEntity)),
        "message_thread_id": _maybe(is_id),
        "is_topic_message": _maybe(_is_flag),
        "is_automatic_forward": _maybe(_is_flag),
        "media_group_id": _maybe(_is_text),
        "reply_markup": _maybe(_one(InlineKeyboardMarkup)),
        "reply_to_message": _maybe(_one(Message)),
    },
    CallbackQuery: {
        "id": _is_text,
        "from_user": _one(User),
        "message": _maybe(_one(Message, InaccessibleMessage)),
        "data": _maybe(_is_text),
    },
}
