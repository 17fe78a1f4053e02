"""A durable at-least-once queue in Redis, shared by all processes.

The process that enqueues an item handles it at once if it has capacity. Any process with capacity takes the
items that wait, and those whose lease has expired because a process died. An item may be handled twice, so
handlers must be idempotent.

The items of one group are handled one after the other, in the order in which they were enqueued, whichever
processes take them. While an item is put off, the later items of its group wait. The groups take turns. The
turns of an owner with many items in the queue come later, so that no owner has to wait for all items of
another one.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.pipeline import SharedPipeline

SPOOLS = UPDATES, ANSWERS = "updates", "answers"
"""The names of all durable queues, as the Redis keys have them."""
MOST_TRIES = 10
"""Most times that an item is handed out without an acknowledgement or a retry. After these it is presumed to
kill the processes that handle it, and is dropped."""


class Enqueued(StrEnum):
    """The outcome of enqueueing an item."""

    TAKEN = "taken"  # the caller has the lease, and handles the item within `taken_s`
    WAITS = "waits"  # any process with capacity will take the item
    KNOWN = "known"  # the item was enqueued before
    FULL = "full"  # the item was not enqueued, and nobody handles it


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a queue.

    Attributes:
        id: The id by which the queue deduplicates items.
        body: The content, a text.
        group: Items of one group keep their order; "" for an item that has no order to keep.
        owner: The queue is shared fairly between owners; "" for an item that counts for nobody.
    """

    id: str
    body: str
    group: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """The bounds of one queue.

    Attributes:
        taken_s: Lease (s) on an item: if the item is not acknowledged by then, another process takes it.
        lapses_s: Age (s) at which an item that nobody could handle expires and is dropped.
        remembered_s: Time (s) after its end for which an item with the same id counts as a duplicate.
        most: Most items in the queue.
        of_group: Most items of one group (0: no bound of its own).
        of_owner: Most items of one owner (0: no bound of its own).
        share_s: Delay (s) of the next turn of an owner's group for each item that the owner has in the queue.
    """

    taken_s: float
    lapses_s: float
    remembered_s: float
    most: int
    of_group: int = 0
    of_owner: int = 0
    share_s: float = 0.0


class DurableQueue:
    """One queue. All methods raise LedgerUnavailable; then the change may have been made or not."""

    def __init__(self, pipeline: SharedPipeline, name: str, bounds: QueueBounds) -> None:
        self._pipeline = pipeline
        self._name = name
        self._bounds = bounds
        self._taken, self._remembered = _ms(bounds.taken_s), _ms(bounds.remembered_s)
        self._share = _ms(bounds.share_s)
        self._terms = (self._taken, self._remembered, MOST_TRIES, self._share)

    async def keep(self, item: Item, *, take: bool, urgent: bool = False) -> Enqueued:
        """Enqueue an item, once.

        Args:
            take: Whether the caller has the capacity to handle the item at once. It gets the lease if no
                other items wait.
            urgent: Whether to ignore the bounds of the item's group and owner.
        """
        bounds, lease = self._bounds, self._taken if take else 0
        named = (self._name, item.id, item.body, item.group, item.owner)
        times = (lease, _ms(bounds.lapses_s), self._remembered)
        most = (bounds.most, *((0, 0) if urgent else (bounds.of_group, bounds.of_owner)))
        return Enqueued(await self._pipeline.script("spool_keep", *named, *times, *most, self._share))

    async def take(self, most: int) -> list[Item]:
        """Lease up to `most` items whose turn it is, at most one of each group."""
        return _items(await self._pipeline.script("spool_take", self._name, most, *self._terms))

    async def done(self, item: Item, most: int = 0) -> list[Item]:
        """Acknowledge an item: it was handled, or never will be.

        In the same step up to `most` other items are leased, and returned.
        """
        named = (self._name, item.id, item.group, item.owner)
        return _items(await self._pipeline.script("spool_done", *named, most, *self._terms))

    async def give_up(self, most: int) -> list[str] | None:
        """Acknowledge up to `most` items unhandled, even if a process has their leases.

        Returns:
            The bodies of the removed items; None where the queue was empty.
        """
        looked, *bodies = await self._pipeline.script("spool_give_up", self._name, most)
        return bodies if looked else None

    async def again(self, item: Item, after_s: float) -> None:
        """Retry an item after `after_s` seconds: it could not be handled now. Its group waits for it."""
        await self._pipeline.script("spool_again", self._name, item.id, item.group, _ms(after_s))


def _items(found: list[str]) -> list[Item]:
    """Read the result of a script that hands items out."""
    parts = (found[each::4] for each in range(4))
    return [Item(*each) for each in zip(*parts, strict=True)]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
