"""Random stories of a spool: whatever happens to whoever deals with them, things keep their order and none is
lost, given out twice at a time, or left."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable

import pytest
from spool_stage import age, opened

from config.settings import Settings
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import UPDATES, DurableQueue, Enqueued, Item, QueueBounds

TAKEN_S = 1000.0
BOUNDS = QueueBounds(TAKEN_S, 100_000, 1000, 10_000, share_s=0.01)
GROUPS = ("", "1", "2", "3")


class Story:
    """Steps that two replicas take, and what must hold after each of them."""

    def __init__(self, spools: list[DurableQueue], url: str, seed: int) -> None:
        self.spools = spools
        self.url = url
        self.dice = random.Random(seed)
        self.kept: dict[str, list[str]] = defaultdict(list)
        self.in_hand: dict[str, Item] = {}
        self.ended: dict[str, list[str]] = defaultdict(list)
        self.count = 0

    @property
    def spool(self) -> DurableQueue:
        return self.dice.choice(self.spools)

    async def keep(self) -> None:
        self.count += 1
        group = self.dice.choice(GROUPS)
        item = Item(f"thing {self.count}", f"body {self.count}", group, self.dice.choice(("", "a", "b")))
        kept = await self.spool.keep(item, take=self.dice.random() < 0.5)
        assert kept in (Enqueued.TAKEN, Enqueued.WAITS)
        assert await self.spool.keep(item, take=True) is Enqueued.KNOWN
        self.kept[group].append(item.id)
        if kept is Enqueued.TAKEN:
            self.given(item)

    async def take(self) -> None:
        for item in await self.spool.take(self.dice.randint(1, 3)):
            self.given(item)

    def given(self, item: Item) -> None:
        assert item.id not in self.in_hand
        if item.group:
            assert item.group not in [each.group for each in self.in_hand.values()]
            assert item.id == self.kept[item.group][len(self.ended[item.group])], "not the next of its group"
        self.in_hand[item.id] = item

    async def done(self) -> None:
        if self.in_hand:
            item = self.in_hand.pop(self.dice.choice(sorted(self.in_hand)))
            await self.spool.done(item)
            self.ended[item.group].append(item.id)

    async def again(self) -> None:
        if self.in_hand:
            item = self.in_hand.pop(self.dice.choice(sorted(self.in_hand)))
            await self.spool.again(item, self.dice.choice((0.0, 500.0)))

    async def die(self) -> None:
        """All that is in hand is left where it is, until its time is over."""
        age(self.url, UPDATES, TAKEN_S)
        self.in_hand.clear()

    async def tell(self, steps: int) -> None:
        ways = [self.keep] * 8 + [self.take] * 6 + [self.done] * 8 + [self.again] * 2 + [self.die]
        for _ in range(steps):
            await self.dice.choice(ways)()
        await self.die()
        while sum(map(len, self.ended.values())) < self.count:
            await self.take()
            assert self.in_hand, "something is kept that nobody is given"
            while self.in_hand:
                await self.done()


@pytest.mark.parametrize("seed", range(6))
async def test_order_is_kept_and_nothing_lost_whatever_happens(
    settings_for: Callable[..., Settings], redis_url: str, seed: int
) -> None:
    """Given two replicas that keep, take up, end, put off and die over things at random, I expect each
    group's to be given out one at a time and in their order, all to end, and nothing to be left in Redis."""
    place = settings_for().ledger_redis()
    async with opened(place) as first, opened(place) as second:
        story = Story([DurableQueue(each, UPDATES, BOUNDS) for each in (first, second)], redis_url, seed)
        await asyncio.wait_for(story.tell(300), 100)
    for group, ids in story.kept.items():
        if group:
            assert story.ended[group] == ids
        assert sorted(story.ended[group]) == sorted(ids)
    with connect(redis_url) as client:
        left = [
            key for key in client.scan_iter("*spool*") if not str(key).startswith(keys.spooled(UPDATES, ""))
        ]
        assert left == []
