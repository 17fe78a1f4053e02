"""A spool: things to be dealt with, kept in Redis from when they count as taken until they are.

Whoever keeps a thing takes it up at once if it can; what waits, and what a process has taken up that died
over it, whoever has room takes up later. Everything may be dealt with twice, and must bear that.
"""

from dataclasses import dataclass
from enum import StrEnum

from jobs.shared_pipeline import SharedPipeline

SPOOLS = UPDATES, ANSWERS = "updates", "answers"
"""All that there are."""
MOST_TRIES = 10
"""Times that a thing which waits is taken up; then it has killed so many processes, and is dropped."""


class Kept(StrEnum):
    """What became of a thing."""

    TAKEN = "taken"  # the caller deals with it, within `taken_s`
    WAITS = "waits"  # whoever has room takes it up
    KNOWN = "known"  # it was kept before
    FULL = "full"  # nobody deals with it


@dataclass(frozen=True, slots=True)
class Item:
    """One thing: `body` is text, `group` (may be empty) who must not take all the room there is."""

    id: str
    body: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one spool.

    `taken_s`: whoever takes up a thing has dealt with it in this time, or another takes it up. `lapses_s`:
    what could not be dealt with for so long is dropped. `remembered_s`: so long after its end a thing is not
    kept again. `most` things wait at a time, `of_group` of them of one group.
    """

    taken_s: float
    lapses_s: float
    remembered_s: float
    most: int
    of_group: int = 0


class Spool:
    """All methods raise LedgerUnavailable; what was asked may be done then, or not."""

    def __init__(self, pipeline: SharedPipeline, name: str, bounds: Bounds) -> None:
        self._pipeline = pipeline
        self._name = name
        self._bounds = bounds
        self._taken, self._remembered = _ms(bounds.taken_s), _ms(bounds.remembered_s)

    async def keep(self, item: Item, *, take: bool) -> Kept:
        """Keep a thing, once; `take`: its caller would deal with it at once, if no others wait."""
        bounds, lease = self._bounds, self._taken if take else 0
        times = (lease, _ms(bounds.lapses_s), self._remembered)
        named = (self._name, item.id, item.body, item.group)
        return Kept(await self._pipeline.script("spool_keep", *named, *times, bounds.most, bounds.of_group))

    async def take(self, most: int) -> list[Item]:
        """Take up things that wait, the oldest first."""
        found: list[str] = await self._pipeline.script(
            "spool_take", self._name, most, self._taken, self._remembered, MOST_TRIES
        )
        return [Item(*each) for each in zip(found[::3], found[1::3], found[2::3], strict=True)]

    async def done(self, item: Item) -> None:
        """It was dealt with, or nobody ever will."""
        await self._pipeline.script("spool_done", self._name, item.id, item.group, self._remembered)

    async def give_up(self, most: int) -> list[str] | None:
        """Have so many things count as dealt with, whoever deals with them; answers the bodies of those that
        were kept until now, None where there are none at all."""
        looked, *bodies = await self._pipeline.script("spool_give_up", self._name, most)
        return bodies if looked else None

    async def again(self, item: Item, after_s: float) -> None:
        """It could not be dealt with now; whoever has room takes it up after that time."""
        await self._pipeline.script("spool_again", self._name, item.id, _ms(after_s))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
