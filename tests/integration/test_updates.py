"""Updates that wait in Redis: each is decided, by whoever lives, and what nobody can bear is dropped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from spool_stage import age, opened, until

from bot.spooler import Spooler
from config.settings import Settings
from jobs import keys
from jobs.connection import connect
from jobs.spool import MOST_TRIES, UPDATES, Bounds, Item, Kept, Spool
from jobs.updates import TAKEN_S, item_of, updates


@asynccontextmanager
async def replica(settings: Settings, bounds: Bounds | None = None) -> AsyncIterator[Spool]:
    """The updates, as one replica has them."""
    async with opened(settings.ledger_redis()) as pipeline:
        yield Spool(pipeline, UPDATES, bounds) if bounds else updates(pipeline)


class Desk:
    """Deals with updates: `seen` are those it was given. It is done with none while `held`, and puts off once
    those whose text is in `unwanted`."""

    def __init__(self, spool: Spool, most: int = 4) -> None:
        self.seen: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self.unwanted: set[str] = set()
        self.spooler = Spooler(spool, self.deal, lambda dealing: most - dealing)

    async def deal(self, item: Item) -> bool:
        self.seen.append(item.body)
        await self.held.wait()
        if item.body in self.unwanted:
            self.unwanted.remove(item.body)
            return False
        return True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """At work, until the block ends."""
        running = asyncio.create_task(self.spooler.run())
        try:
            yield
        finally:
            running.cancel()
            await self.spooler.finish(0.1)


async def test_what_comes_in_faster_than_it_is_decided_waits_for_its_turn(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a hundred updates at once and a replica that deals with four at a time, I expect each to be dealt
    with once, and nothing to be left."""
    async with replica(settings_for()) as spool:
        desk = Desk(spool)
        async with desk.open():
            items = [item_of(f"update {number}") for number in range(100)]
            kept = await asyncio.gather(*(desk.spooler.keep(item) for item in items))
            assert {Kept.TAKEN, Kept.WAITS} >= set(kept)
            assert kept.count(Kept.WAITS) >= 50
            with connect(redis_url) as client:
                await until(lambda: client.zcard(keys.spool(UPDATES)) == 0)
        assert sorted(desk.seen) == sorted(item.body for item in items)
        again = await asyncio.gather(*(spool.keep(item, take=True) for item in items))
        assert set(again) == {Kept.KNOWN}


async def test_what_a_dead_replica_had_taken_up_another_deals_with(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for()) as first, replica(settings_for()) as second:
        dying, living = Desk(first), Desk(second)
        dying.held.clear()
        async with dying.open():
            assert await dying.spooler.keep(item_of("an update")) is Kept.TAKEN
        async with living.open():
            age(redis_url, UPDATES, TAKEN_S)
            await until(lambda: living.seen == ["an update"])
            with connect(redis_url) as client:
                await until(lambda: client.zcard(keys.spool(UPDATES)) == 0)
        assert dying.seen == ["an update"]


async def test_what_cannot_be_decided_now_comes_again(settings_for: Callable[..., Settings]) -> None:
    async with replica(settings_for()) as spool:
        desk = Desk(spool)
        desk.unwanted = {"an update"}
        async with desk.open():
            await desk.spooler.keep(item_of("an update"))
            await until(lambda: desk.seen == ["an update"] * 2)


async def test_an_update_that_kills_whoever_takes_it_up_is_dropped_and_counted(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for()) as spool:
        poison, sound = item_of("poison"), item_of("sound")
        await spool.keep(poison, take=True)
        for _ in range(MOST_TRIES):
            age(redis_url, UPDATES, TAKEN_S)
            assert await spool.take(10) == [poison]
        await spool.keep(sound, take=False)
        age(redis_url, UPDATES, TAKEN_S)
        assert await spool.take(10) == [sound]
        await spool.done(sound)
        assert await spool.keep(poison, take=True) is Kept.KNOWN
        with connect(redis_url) as client:
            assert client.hget(keys.counts(), f"dropped:{UPDATES}") == "1"
            assert client.zcard(keys.spool(UPDATES)) == 0
            assert client.hlen(keys.spool_tries(UPDATES)) == 0


async def test_what_lapses_is_dropped_and_counted(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for(), Bounds(1, 0.05, 60, 10)) as spool:
        await spool.keep(item_of("an update"), take=False)
        await asyncio.sleep(0.1)
        assert await spool.take(10) == []
        with connect(redis_url) as client:
            assert client.hget(keys.counts(), f"dropped:{UPDATES}") == "1"


async def test_no_more_wait_than_there_is_room_for(settings_for: Callable[..., Settings]) -> None:
    """Given a full spool, I expect the next to be turned away, and room again when one is dealt with."""
    async with replica(settings_for(), Bounds(10, 60, 60, 3)) as spool:
        kept = [await spool.keep(item_of(f"update {number}"), take=False) for number in range(4)]
        assert kept == [Kept.WAITS] * 3 + [Kept.FULL]
        await spool.done(item_of("update 0"))
        assert await spool.keep(item_of("update 3"), take=True) is Kept.WAITS
