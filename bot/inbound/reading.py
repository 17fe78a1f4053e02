"""Parsing of updates from the JSON that Telegram posts. Pure."""

import json
from typing import Any

from telegram import Bot, Update

from bot.inbound.soundness import is_id, is_sound


def text_of(content: bytes) -> str | None:
    """Return the text of a body that looks like an update: an object with an update number.

    Any other body gives None. The rest of the update is checked when it is handled.
    """
    try:
        text = content.decode()
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(found, dict) and is_id(found.get("update_id")) else None


def update_of(body: str, bot: Bot | None) -> Update | None:
    """Return the update in a body; None for a malformed one. Without a bot it is for reading only."""
    try:
        return update_from(json.loads(body), bot)
    except (ValueError, RecursionError):
        return None


def update_from(found: Any, bot: Bot | None) -> Update | None:
    """Return the update for parsed JSON; None for a malformed one."""
    try:
        update = Update.de_json(found, bot)
        return update if is_sound(update) else None
    except Exception:
        # The library does not check what Telegram sends. Any error that it raises is the body's fault.
        return None
