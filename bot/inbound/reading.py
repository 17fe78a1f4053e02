"""Updates as Telegram posts them, from JSON. Pure."""

import json
from typing import Any

from telegram import Bot, Update

from bot.inbound.soundness import is_id, is_sound


def text_of(content: bytes) -> str | None:
    """The text of a body that looks like an update: an object with a number; None where it does not. More is
    known once it is handled."""
    try:
        text = content.decode()
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(found, dict) and is_id(found.get("update_id")) else None


def update_of(body: str, bot: Bot | None) -> Update | None:
    """The update in a body; None where it is none. Without a bot it is for reading only."""
    try:
        return update_from(json.loads(body), bot)
    except (ValueError, RecursionError):
        return None


def update_from(found: Any, bot: Bot | None) -> Update | None:
    """The update that JSON stands for; None where it is none."""
    try:
        update = Update.de_json(found, bot)
        return update if is_sound(update) else None
    except Exception:
        # The library takes what Telegram sends for granted. Whatever it stumbles over is the body's fault.
        return None
