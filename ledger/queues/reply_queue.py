"""Answers that are not a job's: kept in Redis from before an update is dealt with until they are said.

Telegram lets a bot say less than people can write, so answers wait. Whoever dies while they do, another says
them; and there are never more than can be said before nobody wants to hear them any more.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from config.settings import Settings
from jobs.model import Origin
from ledger.pipeline import SharedPipeline
from ledger.queues.durable_queue import ANSWERS, DurableQueue, Item, QueueBounds

LAPSES_S = 60.0
"""An answer that could not be said for so long is not said any more."""
TAKEN_S = 30.0
"""Whoever takes up an answer has said it within this time, or another takes it up: and it is said twice where
its first teller died between Telegram's taking it and `done`, the one moment in which nobody can know."""
OF_ONE_CHAT = 15
"""Answers that wait for one chat; who asks faster gets no more."""
OF_ONE_USER = 60
"""Answers that wait for one person, over all chats."""
_SHARE_S = 0.1
"""Each answer that waits for a person puts their next one behind those of others that come so much later."""
_REMEMBERED_S = 600
"""An update that comes again within this time is not answered again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Words to a chat; `keyboard` is Telegram's JSON of it ("" for none)."""

    id: str
    origin: Origin
    text: str
    keyboard: str = ""

    def item(self) -> Item:
        """As the spool has it."""
        body = json.dumps({"origin": asdict(self.origin), "text": self.text, "keyboard": self.keyboard})
        return Item(self.id, body, str(self.origin.chat), str(self.origin.user))


def reply_of(item: Item) -> Reply:
    """What `Reply.item` made into one."""
    found: dict[str, Any] = json.loads(item.body)
    return Reply(item.id, Origin(**found["origin"]), found["text"], found["keyboard"])


def bounds(settings: Settings) -> QueueBounds:
    """No more wait than Telegram's rate lets a bot say before they lapse."""
    most = round(settings.telegram_rate_per_s * LAPSES_S)
    return QueueBounds(TAKEN_S, LAPSES_S, _REMEMBERED_S, most, OF_ONE_CHAT, OF_ONE_USER, _SHARE_S)


def replies(pipeline: SharedPipeline, settings: Settings) -> DurableQueue:
    """The answers of all replicas."""
    return DurableQueue(pipeline, ANSWERS, bounds(settings))
