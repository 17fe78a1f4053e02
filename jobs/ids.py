"""Job ids. They derive from what the person did, so that the same update twice is the same job."""

import base64
import hashlib


def from_message(bot_id: int, chat_id: int, message_id: int) -> str:
    """The id of the job that a chat message asks for (20 characters of a-z and 2-7).

    A message is unique within its chat for ever, whereas Telegram restarts `update_id` at a random
    number after a quiet week.
    """
    return _digest("message", bot_id, chat_id, message_id)


def from_press(bot_id: int, callback_query_id: str) -> str:
    """The id of the job that one press of a button asks for."""
    return _digest("press", bot_id, callback_query_id)


def _digest(*parts: object) -> str:
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest[:13])[:20].decode().lower()
