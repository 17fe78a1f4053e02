"""Telegram's updates: kept in Redis from before Telegram is told so until their fate is decided."""

import hashlib

from jobs.shared_pipeline import SharedPipeline
from jobs.spool import UPDATES, Bounds, Item, Spool

TAKEN_S = 10.0
"""A replica that takes up an update has decided it within this time, or another takes it up."""
_LAPSES_S = 86_400.0
"""As long as Telegram itself keeps what nobody takes."""
_REMEMBERED_S = 3600.0
"""An update that Telegram brings again within this time was dealt with."""
MOST = 50_000
"""Updates that wait, about 50 MB; above this Telegram keeps them, and brings them later."""


def item_of(body: str) -> Item:
    """An update as Telegram posts it (JSON). Its name is of the whole body: the numbers of updates are no two
    bots' own, and start anew. What comes again in other words does no harm, as handlers bear repetition."""
    return Item(hashlib.blake2b(body.encode(), digest_size=16).hexdigest(), body)


def updates(pipeline: SharedPipeline) -> Spool:
    """The updates of all replicas."""
    return Spool(pipeline, UPDATES, Bounds(TAKEN_S, _LAPSES_S, _REMEMBERED_S, MOST))
