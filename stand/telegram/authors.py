"""The author of a message: its writer, a group, or a channel."""

import hashlib
import time
from typing import Any

from stand.telegram.chats import Chat, Person

Json = dict[str, Any]

# Users that stand for others: for somebody who writes as a group or as a channel, and for Telegram itself.
_GROUP: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
_CHANNEL: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
_TELEGRAM: Json = {"id": 777000, "is_bot": False, "first_name": "Telegram"}


def author_of(body: Json, person: Person, chat: Chat) -> tuple[Json, Json]:
    """Return the User object that a message comes from, and the message's other fields about its author.

    Args:
        body: The order. With `anonymous` the group is the author, with `channel` (a title) that channel. With
            `forwarded` the message is the channel's post, which Telegram repeats.
        person: The user who writes.
        chat: The chat.

    Raises:
        ValueError: Somebody other than the group's creator writes anonymously.
    """
    if body.get("anonymous"):
        if chat.id > 0 or person.id != chat.members[0]:
            raise ValueError("only a group's creator writes anonymously")
        return _GROUP, {"sender_chat": chat.card}
    if not body.get("channel"):
        return person.card, {}
    title = str(body["channel"])
    number = int(hashlib.sha256(title.encode()).hexdigest()[:8], 16)
    channel = {"id": -1_000_000_000_000 - number, "type": "channel", "title": title}
    if not body.get("forwarded"):
        return _CHANNEL, {"sender_chat": channel}
    origin = {"type": "channel", "chat": channel, "message_id": 1, "date": int(time.time())}
    return _TELEGRAM, {"sender_chat": channel, "is_automatic_forward": True, "forward_origin": origin}
