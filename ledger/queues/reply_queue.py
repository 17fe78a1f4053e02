"""The queue of replies that belong to no job. A reply is in Redis before its update is acknowledged.

Telegram lets a bot send less than people can write, so replies wait. If a replica dies, another one sends its
replies. The queue is bounded: it never holds more replies than can be sent before they expire.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from config.settings import Settings
from jobs.model import Origin
from ledger.pipeline import SharedPipeline
from ledger.queues.durable_queue import ANSWERS, DurableQueue, Item, QueueBounds

LAPSES_S = 60.0
"""Time (s) after which a reply that could not be sent expires."""
TAKEN_S = 30.0
"""Lease (s) on a reply: if it is not sent by then, another replica sends it. A reply is sent twice only where
the first replica dies between Telegram's accepting it and `done`."""
OF_ONE_CHAT = 15
"""Most replies that wait for one chat; further ones are not sent."""
OF_ONE_USER = 60
"""Most replies that wait for one person, over all chats."""
_SHARE_S = 0.1
"""Delay (s) of the next turn of a person's chat for each reply that waits for that person."""
_REMEMBERED_S = 600
"""Time (s) within which an update that comes again gets no second reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply to a chat; `keyboard` is the inline keyboard as Telegram's JSON ("" for none)."""

    id: str
    origin: Origin
    text: str
    keyboard: str = ""

    def item(self) -> Item:
        """Return the reply as an item of the durable queue."""
        body = json.dumps({"origin": asdict(self.origin), "text": self.text, "keyboard": self.keyboard})
        return Item(self.id, body, str(self.origin.chat), str(self.origin.user))


def reply_of(item: Item) -> Reply:
    """Return the reply that `Reply.item` turned into this item."""
    found: dict[str, Any] = json.loads(item.body)
    return Reply(item.id, Origin(**found["origin"]), found["text"], found["keyboard"])


def bounds(settings: Settings) -> QueueBounds:
    """Return the bounds: no more replies wait than Telegram's rate lets the bot send before they expire."""
    most = round(settings.telegram_rate_per_s * LAPSES_S)
    return QueueBounds(TAKEN_S, LAPSES_S, _REMEMBERED_S, most, OF_ONE_CHAT, OF_ONE_USER, _SHARE_S)


def replies(pipeline: SharedPipeline, settings: Settings) -> DurableQueue:
    """Return the queue of replies, which all replicas share."""
    return DurableQueue(pipeline, ANSWERS, bounds(settings))
