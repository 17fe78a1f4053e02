"""The queue of Telegram's updates. An update is in Redis before Telegram gets the acknowledgement."""

import hashlib
import json
from typing import Any

from ledger.pipeline import SharedPipeline
from ledger.queues.durable_queue import UPDATES, DurableQueue, Item, QueueBounds

TAKEN_S = 10.0
"""Lease (s) on an update: if it is not handled by then, another replica takes it."""
_LAPSES_S = 86_400.0
"""As long as Telegram itself keeps updates that nobody takes."""
_REMEMBERED_S = 3600.0
"""Time (s) within which an update that Telegram sends again counts as a duplicate."""
MOST = 50_000
"""Most updates in the queue, about 50 MB; further ones stay with Telegram, which sends them again later."""
_SHARE_S = 0.005
"""Delay (s) of the next turn of a person's chat for each update of that person that waits."""


def item_of(body: str) -> Item:
    """Return the queue's item for an update as Telegram posts it (JSON).

    The update's chat is the group, so that the updates of one chat are handled in their order. The id is a
    hash of the whole body, because two bots may use the same update ids, and a bot's ids start again from
    time to time. An update that comes again with another body is handled twice; handlers are idempotent.
    """
    return Item(hashlib.blake2b(body.encode(), digest_size=16).hexdigest(), body, *_whose(body))


def _whose(body: str) -> tuple[str, str]:
    """Return the ids of the chat and the writer of an update, "" where it has none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    what = next((each for each in found.values() if isinstance(each, dict)), {}) if _is(found) else {}
    message = what["message"] if _is(what.get("message")) else what
    chat, owner = _id(message.get("chat")), _id(what.get("sender_chat")) or _id(what.get("from"))
    return chat or owner, owner


def _is(found: Any) -> bool:
    return isinstance(found, dict)


def _id(found: Any) -> str:
    number = found.get("id") if isinstance(found, dict) else None
    return str(number) if type(number) is int and abs(number) < 1 << 63 else ""


def updates(pipeline: SharedPipeline) -> DurableQueue:
    """Return the queue of updates, which all replicas share."""
    return DurableQueue(
        pipeline, UPDATES, QueueBounds(TAKEN_S, _LAPSES_S, _REMEMBERED_S, MOST, share_s=_SHARE_S)
    )
