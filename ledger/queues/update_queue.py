"""Telegram's updates: kept in Redis from before Telegram is told so until their fate is decided."""

import hashlib
import json
from typing import Any

from ledger.pipeline import SharedPipeline
from ledger.queues.durable_queue import UPDATES, DurableQueue, Item, QueueBounds

TAKEN_S = 10.0
"""A replica that takes up an update has decided it within this time, or another takes it up."""
_LAPSES_S = 86_400.0
"""As long as Telegram itself keeps what nobody takes."""
_REMEMBERED_S = 3600.0
"""An update that Telegram brings again within this time was dealt with."""
MOST = 50_000
"""Updates that wait, about 50 MB; above this Telegram keeps them, and brings them later."""
_SHARE_S = 0.005
"""Each update of a person that waits puts their next chat behind those that come this much later."""


def item_of(body: str) -> Item:
    """An update as Telegram posts it (JSON); its chat's updates are dealt with in their order. Its name is of
    the whole body: the numbers of updates are no two bots' own, and start anew. What comes again in other
    words does no harm, as handlers bear repetition."""
    return Item(hashlib.blake2b(body.encode(), digest_size=16).hexdigest(), body, *_whose(body))


def _whose(body: str) -> tuple[str, str]:
    """The chat and the writer of an update, "" where it has none."""
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
    """The updates of all replicas."""
    return DurableQueue(
        pipeline, UPDATES, QueueBounds(TAKEN_S, _LAPSES_S, _REMEMBERED_S, MOST, share_s=_SHARE_S)
    )
