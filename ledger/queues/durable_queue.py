"""A spool: things to be dealt with, kept in Redis from when they count as taken until they are.

Whoever keeps a thing takes it up at once if it can; what waits, and what a process has taken up that died
over it, whoever has room takes up later. Everything may be dealt with twice, and must bear that.

The things of one group are dealt with one after the other, in the order in which they were kept, whichever
process takes up each; one that is put off has the others of its group wait. Groups have their turns in a
round, and those of an owner who has much in the spool come later: nobody waits for all that another has.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.pipeline import SharedPipeline

SPOOLS = UPDATES, ANSWERS = "updates", "answers"
"""All that there are."""
MOST_TRIES = 10
"""Times that a thing which waits is taken up; then it has killed so many processes, and is dropped."""


class Enqueued(StrEnum):
    """What became of a thing."""

    TAKEN = "taken"  # the caller deals with it, within `taken_s`
    WAITS = "waits"  # whoever has room takes it up
    KNOWN = "known"  # it was kept before
    FULL = "full"  # nobody deals with it


@dataclass(frozen=True, slots=True)
class Item:
    """One thing: `body` is text, `group` what it must keep its order in, `owner` who must not take all the
    room there is. One without a group has no order, one without an owner counts for nobody."""

    id: str
    body: str
    group: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """Of one spool.

    `taken_s`: whoever takes up a thing has dealt with it in this time, or another takes it up. `lapses_s`:
    what could not be dealt with for so long is dropped. `remembered_s`: so long after its end a thing is not
    kept again. `most` things wait at a time, `of_group` of them of one group and `of_owner` of one owner (0:
    as many as there is room for). `share_s`: each thing of an owner puts the next group of theirs behind
    those that come this much later.
    """

    taken_s: float
    lapses_s: float
    remembered_s: float
    most: int
    of_group: int = 0
    of_owner: int = 0
    share_s: float = 0.0


class DurableQueue:
    """All methods raise LedgerUnavailable; what was asked may be done then, or not."""

    def __init__(self, pipeline: SharedPipeline, name: str, bounds: QueueBounds) -> None:
        self._pipeline = pipeline
        self._name = name
        self._bounds = bounds
        self._taken, self._remembered = _ms(bounds.taken_s), _ms(bounds.remembered_s)
        self._share = _ms(bounds.share_s)
        self._terms = (self._taken, self._remembered, MOST_TRIES, self._share)

    async def keep(self, item: Item, *, take: bool, urgent: bool = False) -> Enqueued:
        """Keep a thing, once; `take`: its caller would deal with it at once, if no others wait; `urgent`:
        however much of its group and owner is kept already."""
        bounds, lease = self._bounds, self._taken if take else 0
        named = (self._name, item.id, item.body, item.group, item.owner)
        times = (lease, _ms(bounds.lapses_s), self._remembered)
        most = (bounds.most, *((0, 0) if urgent else (bounds.of_group, bounds.of_owner)))
        return Enqueued(await self._pipeline.script("spool_keep", *named, *times, *most, self._share))

    async def take(self, most: int) -> list[Item]:
        """Take up things whose turn it is, at most one of each group."""
        return _items(await self._pipeline.script("spool_take", self._name, most, *self._terms))

    async def done(self, item: Item, most: int = 0) -> list[Item]:
        """It was dealt with, or nobody ever will; take up so many others in the same step."""
        named = (self._name, item.id, item.group, item.owner)
        return _items(await self._pipeline.script("spool_done", *named, most, *self._terms))

    async def give_up(self, most: int) -> list[str] | None:
        """Have so many things count as dealt with, whoever deals with them; answers the bodies of those that
        were kept until now, None where there are none at all."""
        looked, *bodies = await self._pipeline.script("spool_give_up", self._name, most)
        return bodies if looked else None

    async def again(self, item: Item, after_s: float) -> None:
        """It could not be dealt with now; whoever has room takes it up after that time, and only then what
        was kept of its group after it."""
        await self._pipeline.script("spool_again", self._name, item.id, item.group, _ms(after_s))


def _items(found: list[str]) -> list[Item]:
    """What the scripts answer that hand things out."""
    parts = (found[each::4] for each in range(4))
    return [Item(*each) for each in zip(*parts, strict=True)]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
