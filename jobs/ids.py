"""Job ids. They are derived from what the person did, so that an update that comes twice is one job."""

import base64
import hashlib


def from_message(bot_id: int, chat_id: int, message_id: int) -> str:
    """Return the id of the job that a chat message asks for (20 characters of a-z and 2-7).

    A message id is unique within its chat for ever. An `update_id` is not: Telegram restarts it at a random
    number after a quiet week.
    """
    return _digest("message", bot_id, chat_id, message_id)


def from_press(bot_id: int, callback_query_id: str) -> str:
    """Return the id of the job that one press of a button asks for."""
    return _digest("press", bot_id, callback_query_id)


def _digest(*parts: object) -> str:
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest[:13])[:20].decode().lower()
