"""Updates that wait in Redis: each is decided, by whoever lives, and what nobody can bear is dropped."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from spool_stage import age, opened, until

from bot.inbound.queue_worker import QueueWorker
from config.settings import Settings
from ledger import keys
from ledger.connection import connect
from ledger.lua_source import LONGEST_SHARE_MS
from ledger.queues.durable_queue import MOST_TRIES, UPDATES, DurableQueue, Enqueued, Item, QueueBounds
from ledger.queues.update_queue import TAKEN_S, item_of, updates


@asynccontextmanager
async def replica(settings: Settings, bounds: QueueBounds | None = None) -> AsyncIterator[DurableQueue]:
    """The updates, as one replica has them."""
    async with opened(settings.ledger_redis()) as pipeline:
        yield DurableQueue(pipeline, UPDATES, bounds) if bounds else updates(pipeline)


SLOW_S = LONGEST_SHARE_MS / 1000
"""Far longer than a busy machine takes to keep some updates."""


class Desk:
    """Deals with updates: `seen` are those it was given. It is done with none while `held`, and puts off once
    those whose text is in `unwanted`."""

    def __init__(self, spool: DurableQueue, most: int = 4) -> None:
        self.seen: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self.unwanted: set[str] = set()
        self.spooler = QueueWorker(spool, self.deal, lambda dealing: most - dealing)

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
            assert {Enqueued.TAKEN, Enqueued.WAITS} >= set(kept)
            assert kept.count(Enqueued.WAITS) >= 50
            with connect(redis_url) as client:
                await until(lambda: client.zcard(keys.spool(UPDATES)) == 0)
        assert sorted(desk.seen) == sorted(item.body for item in items)
        again = await asyncio.gather(*(spool.keep(item, take=True) for item in items))
        assert set(again) == {Enqueued.KNOWN}


async def test_what_a_dead_replica_had_taken_up_another_deals_with(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for()) as first, replica(settings_for()) as second:
        dying, living = Desk(first), Desk(second)
        dying.held.clear()
        async with dying.open():
            assert await dying.spooler.keep(item_of("an update")) is Enqueued.TAKEN
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
        assert await spool.keep(poison, take=True) is Enqueued.KNOWN
        with connect(redis_url) as client:
            assert client.hget(keys.counts(), f"dropped:{UPDATES}") == "1"
            assert client.zcard(keys.spool(UPDATES)) == 0
            assert client.hlen(keys.spool_tries(UPDATES)) == 0


async def test_what_lapses_is_dropped_and_counted(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for(), QueueBounds(1, 0.05, 60, 10)) as spool:
        await spool.keep(item_of("an update"), take=False)
        await asyncio.sleep(0.1)
        assert await spool.take(10) == []
        with connect(redis_url) as client:
            assert client.hget(keys.counts(), f"dropped:{UPDATES}") == "1"


async def test_no_more_wait_than_there_is_room_for(settings_for: Callable[..., Settings]) -> None:
    """Given a full spool, I expect the next to be turned away, and room again when one is dealt with."""
    async with replica(settings_for(), QueueBounds(10, 60, 60, 3)) as spool:
        kept = [await spool.keep(item_of(f"update {number}"), take=False) for number in range(4)]
        assert kept == [Enqueued.WAITS] * 3 + [Enqueued.FULL]
        await spool.done(item_of("update 0"))
        assert await spool.keep(item_of("update 3"), take=True) is Enqueued.WAITS


def said_in(chat: int, number: int, user: int | None = None) -> Item:
    """An update: somebody writes in a chat."""
    message = {"chat": {"id": chat}, "from": {"id": chat if user is None else user}, "text": str(number)}
    return item_of(json.dumps({"update_id": number, "message": message}))


def numbers(items: list[Item]) -> list[int]:
    return [json.loads(item.body)["update_id"] for item in items]


async def test_the_updates_of_a_chat_keep_their_order_across_replicas(
    settings_for: Callable[..., Settings],
) -> None:
    """Given updates of three chats that two replicas take up as fast as they can, I expect those of one chat
    to be dealt with in their order and never two of them at a time, whichever replica has each."""
    at_work: set[int] = set()
    seen: dict[int, list[int]] = {1: [], 2: [], 3: []}
    by: set[str] = set()

    async with replica(settings_for()) as first, replica(settings_for()) as second:

        def replica_of(spool: DurableQueue, name: str) -> QueueWorker:
            async def deal(item: Item) -> bool:
                update = json.loads(item.body)
                chat = update["message"]["chat"]["id"]
                assert chat not in at_work
                at_work.add(chat)
                by.add(name)
                await asyncio.sleep(0.002)
                at_work.remove(chat)
                seen[chat].append(update["update_id"])
                return True

            return QueueWorker(spool, deal, lambda dealing: 4 - dealing)

        replicas = [replica_of(first, "first"), replica_of(second, "second")]
        running = [asyncio.create_task(each.run()) for each in replicas]
        try:
            for number in range(90):
                await replicas[number % 2].keep(said_in(1 + number % 3, number))
            await until(lambda: sum(map(len, seen.values())) == 90)
        finally:
            for task in running:
                task.cancel()
            for each in replicas:
                await each.finish(1)
    assert seen == {chat: [number for number in range(90) if 1 + number % 3 == chat] for chat in seen}
    assert by == {"first", "second"}


async def test_the_next_of_a_chat_waits_for_one_that_a_dead_replica_had_until_its_time_is_over(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a chat of which a replica has taken one update, and died, I expect its next ones to be given to
    nobody until the first can be taken up by another; those of other chats wait for nothing."""
    async with replica(settings_for()) as spool:
        assert await spool.keep(said_in(1, 1), take=True) is Enqueued.TAKEN
        assert await spool.keep(said_in(1, 2), take=True) is Enqueued.WAITS
        assert await spool.keep(said_in(2, 3), take=True) is Enqueued.TAKEN
        assert await spool.take(10) == []
        age(redis_url, UPDATES, TAKEN_S)
        assert sorted(numbers(await spool.take(10))) == [1, 3]
        assert await spool.take(10) == []
        assert numbers(await spool.done(said_in(1, 1), 10)) == [2]


async def test_one_that_is_put_off_has_the_later_ones_of_its_chat_wait(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with replica(settings_for()) as spool:
        for number in (1, 2):
            await spool.keep(said_in(1, number), take=False)
        assert numbers(await spool.take(10)) == [1]
        await spool.again(said_in(1, 1), 30)
        assert await spool.take(10) == []
        age(redis_url, UPDATES, 30)
        assert numbers(await spool.take(10)) == [1]
        await spool.done(said_in(1, 1))
        assert numbers(await spool.take(10)) == [2]


async def test_one_that_is_dropped_lets_the_next_of_its_chat_pass(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given an update that has killed all who took it up, I expect the next of its chat in the same step."""
    async with replica(settings_for()) as spool:
        for number in (1, 2):
            await spool.keep(said_in(1, number), take=False)
        for _ in range(MOST_TRIES):
            assert numbers(await spool.take(10)) == [1]
            age(redis_url, UPDATES, TAKEN_S)
        assert numbers(await spool.take(10)) == [2]


async def test_a_flood_of_one_chat_holds_up_another_by_one_turn(
    settings_for: Callable[..., Settings],
) -> None:
    """Given hundreds of updates of one chat that wait, I expect that of another as the next at most."""
    async with replica(settings_for()) as spool:
        for number in range(300):
            await spool.keep(said_in(1, number), take=False)
        await spool.keep(said_in(2, 1000), take=False)
        order = []
        for _ in range(3):
            (item,) = await spool.take(1)
            order += numbers([item])
            await spool.done(item)
        assert 1000 in order[:2]
        assert [number for number in order if number != 1000] == [0, 1]


async def test_a_person_in_many_groups_holds_up_others_by_no_more_than_their_share(
    settings_for: Callable[..., Settings],
) -> None:
    """Given a person who writes in thirty groups, and somebody who writes right after that, I expect the
    other one's update to be taken up before all groups but the first.

    A share is far longer than a busy machine takes for all of it: the order does not hang on its speed.
    """
    bounds = QueueBounds(TAKEN_S, lapses_s=1000, remembered_s=1000, most=1000, share_s=SLOW_S)
    async with replica(settings_for(), bounds) as spool:
        for number in range(30):
            await spool.keep(said_in(-1 - number, number, user=1), take=False)
        await spool.keep(said_in(2, 1000), take=False)
        assert numbers(await spool.take(2)) == [0, 1000]


async def test_what_an_older_release_has_kept_is_dealt_with(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given an update in the form of a release that knew no lanes, I expect it to be taken up, once."""
    async with replica(settings_for()) as spool:
        with connect(redis_url) as client:
            client.set(keys.spooled(UPDATES, "old"), '\n{"update_id": 7}', px=90_000_000)
            client.zadd(keys.spool(UPDATES), {"old": 1})
            (item,) = await spool.take(10)
            assert (item.id, numbers([item])) == ("old", [7])
            await spool.done(item)
            assert client.zcard(keys.spool(UPDATES)) == 0
            assert await spool.take(10) == []


@pytest.mark.parametrize(
    ("body", "chat", "user"),
    [
        ('{"update_id": 1, "message": {"chat": {"id": -5}, "from": {"id": 6}}}', "-5", "6"),
        ('{"update_id": 1, "edited_message": {"chat": {"id": 6}, "from": {"id": 6}}}', "6", "6"),
        (
            '{"update_id": 1, "message": {"chat": {"id": -5}, "from": {"id": 6}, "sender_chat": {"id": -7}}}',
            "-5",
            "-7",
        ),
        (
            '{"callback_query": {"message": {"chat": {"id": -5}, "from": {"id": 9}}, "from": {"id": 6}}}',
            "-5",
            "6",
        ),
        ('{"update_id": 1, "callback_query": {"from": {"id": 6}}}', "6", "6"),
        ('{"update_id": 1, "message": {"chat": 7, "from": {"id": "x"}}}', "", ""),
        ('{"update_id": 1, "message": [1]}', "", ""),
        ("[1]", "", ""),
        ("no JSON", "", ""),
        ("[" * 100_000, "", ""),
    ],
)
def test_whose_an_update_is(body: str, chat: str, user: str) -> None:
    item = item_of(body)
    assert (item.group, item.owner) == (chat, user)


async def test_a_replica_that_ends_takes_up_nothing_more(settings_for: Callable[..., Settings]) -> None:
    """Given a replica that is told to end while updates of a chat wait behind the one in hand, I expect the
    next to be there for another at once."""
    async with replica(settings_for()) as spool:
        desk = Desk(spool)
        desk.held.clear()
        running = asyncio.create_task(desk.spooler.run())
        for number in (1, 2):
            await desk.spooler.keep(said_in(1, number))
        await until(lambda: len(desk.seen) == 1)
        running.cancel()
        await asyncio.wait({running})
        desk.held.set()
        await desk.spooler.finish(5)
        assert numbers(await spool.take(10)) == [2]
