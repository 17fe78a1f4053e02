"""Updates as Telegram posts them, from JSON. Pure."""

import json

from telegram import Bot, Message, Update

_LARGEST_ID = 1 << 63


def text_of(content: bytes) -> str | None:
    """The text of a body that looks like an update: an object with a number; None where it does not. More is
    known once it is handled."""
    try:
        text = content.decode()
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(found, dict) and _is_id(found.get("update_id")) else None


def update_of(body: str, bot: Bot | None) -> Update | None:
    """The update in a body; None where it is none. Without a bot it is for reading only."""
    try:
        update = Update.de_json(json.loads(body), bot)
        return update if _is_sound(update) else None
    except Exception:
        # The library takes what Telegram sends for granted. Whatever it stumbles over is the body's fault.
        return None


def _is_sound(update: Update) -> bool:
    """Whether all numbers that name something are numbers: the library checks no types, and Redis
    would be blamed for what it cannot store."""
    query = update.callback_query
    message = query.message if query else update.effective_message
    named: list[object] = [update.update_id]
    named += [each.id for each in (update.effective_user, update.effective_chat) if each]
    while message is not None:
        named += [message.message_id, message.chat.id]
        # A press may be on a message that is too old to be shown.
        message = message.reply_to_message if isinstance(message, Message) else None
    return all(map(_is_id, named))


def _is_id(found: object) -> bool:
    return type(found) is int and abs(found) < _LARGEST_ID
