"""Answers that wait for their turn: kept before an update is confirmed, said once, by whoever lives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from spool_stage import age, opened, until

from bot.inbound.queue_worker import LOOK_S
from bot.reply_sender import FEWEST_AT_ONCE, ReplySender
from chat.errors import NotNow
from chat.gateway import Gateway
from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import Origin
from ledger import keys
from ledger.connection import connect
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.queues.durable_queue import ANSWERS, DurableQueue, Enqueued, Item
from ledger.queues.reply_queue import LAPSES_S, OF_ONE_CHAT, OF_ONE_USER, TAKEN_S, Reply, replies


@asynccontextmanager
async def replica(settings: Settings) -> AsyncIterator[DurableQueue]:
    """The answers, as one process has them."""
    async with opened(settings.ledger_redis()) as pipeline:
        yield replies(pipeline, settings)


def answer(number: int, chat: int = 7, user: int = 7) -> Item:
    origin = Origin(user, chat, number)
    return Reply(f"update {number}", origin, f"answer {number}", '{"inline_keyboard": []}').item()


class Chat:
    """A gateway of which only speaking is used; while `held` nothing is let through."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.held = asyncio.Event()
        self.held.set()

    async def say(self, _origin: Origin, text: str, _keyboard: Any) -> int:
        await self.held.wait()
        self.said.append(text)
        return len(self.said)


async def test_an_answer_is_kept_once_and_remembered_when_it_is_said(
    settings_for: Callable[..., Settings],
) -> None:
    async with replica(settings_for()) as kept:
        assert await kept.keep(answer(1), take=True) is Enqueued.TAKEN
        assert await kept.keep(answer(1), take=True) is Enqueued.KNOWN
        await kept.done(answer(1))
        assert await kept.keep(answer(1), take=True) is Enqueued.KNOWN
        assert await kept.take(10) == []


async def test_what_a_dead_process_had_taken_up_another_says(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given an answer that was taken up and not said in its time, I expect the next to get it, whole; and
    nobody to get one that has lapsed."""
    async with replica(settings_for()) as dead, replica(settings_for()) as alive:
        await dead.keep(answer(1), take=True)
        assert await alive.take(10) == []
        age(redis_url, ANSWERS, TAKEN_S)
        assert await alive.take(10) == [answer(1)]
        age(redis_url, ANSWERS, LAPSES_S)
        assert await alive.take(10) == []
    with connect(redis_url) as client:
        assert client.zcard(keys.spool(ANSWERS)) == 0


async def test_talk_is_bounded_for_each_chat_and_for_all(settings_for: Callable[..., Settings]) -> None:
    """Given more talk than Telegram lets us answer, I expect what waits to stay within bounds, one loud chat
    to leave room for others, and room again once something is said."""
    async with replica(settings_for(telegram_rate_per_s=1.0)) as kept:
        loud = [await kept.keep(answer(n), take=False) for n in range(OF_ONE_CHAT + 5)]
        assert loud == [Enqueued.WAITS] * OF_ONE_CHAT + [Enqueued.FULL] * 5
        others = [await kept.keep(answer(n, chat=n, user=n), take=False) for n in range(100, 200)]
        assert others.count(Enqueued.WAITS) == LAPSES_S - OF_ONE_CHAT
        await kept.done(answer(0))
        assert await kept.keep(answer(50), take=False) is Enqueued.WAITS


async def test_talk_is_bounded_for_each_person_over_all_their_chats(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a person who asks in 130 groups, I expect no more of their answers to wait than one may have,
    those of another to be kept, and room again once something is said."""
    async with replica(settings_for()) as kept:
        loud = [await kept.keep(answer(n, chat=-n), take=False) for n in range(1, 131)]
        assert loud == [Enqueued.WAITS] * OF_ONE_USER + [Enqueued.FULL] * (130 - OF_ONE_USER)
        assert await kept.keep(answer(500, chat=8, user=8), take=False) is Enqueued.WAITS
        await kept.done(answer(1, chat=-1))
        assert await kept.keep(answer(501, chat=-501), take=False) is Enqueued.WAITS


async def test_another_ones_answer_comes_before_most_of_a_loud_persons(
    settings_for: Callable[..., Settings],
) -> None:
    """Given a person who waits for answers in all the groups that they may, and another who asks a moment
    later, I expect that answer among the first."""
    async with replica(settings_for()) as kept:
        for n in range(1, OF_ONE_USER + 1):
            await kept.keep(answer(n, chat=-n), take=False)
        await kept.keep(answer(500, chat=8, user=8), take=False)
        assert answer(500, chat=8, user=8) in await kept.take(OF_ONE_USER // 2)


class Counter:
    """A gateway of which some chats have to wait, as Telegram's limits on each chat have them."""

    def __init__(self, waiting: set[int]) -> None:
        self.waiting = waiting
        self.said: list[int] = []
        self.refused = 0

    async def say(self, origin: Origin, _text: str, _keyboard: Any) -> int:
        if origin.chat in self.waiting:
            self.refused += 1
            raise NotNow("no turn", retry_after=3600.0)
        self.said.append(origin.chat)
        return 1


async def test_answers_whose_chats_must_wait_take_no_place_from_others(
    settings_for: Callable[..., Settings],
) -> None:
    """Given more chats that must wait than answers are said at a time, I expect each to be asked for once and
    put off, and all other answers to be said."""
    groups = set(range(-FEWEST_AT_ONCE * 5, 0))
    async with replica(settings_for()) as kept:
        counter = Counter(groups)
        speaker = ReplySender(kept, cast(Gateway, counter), MetricsBuffer(), rate_per_s=1)
        running = asyncio.create_task(speaker.run())
        try:
            for chat in (*groups, 1, 2, 3):
                await speaker.say(f"to {chat}", Origin(chat, chat, 1), "hello")
            await until(lambda: sorted(counter.said) == [1, 2, 3] and counter.refused == len(groups))
            await asyncio.sleep(2 * LOOK_S)
            assert counter.refused == len(groups)
        finally:
            running.cancel()
            await speaker.finish()


async def test_an_answer_that_was_put_off_is_said_when_its_chat_has_a_turn(
    settings_for: Callable[..., Settings],
) -> None:
    class Once(Chat):
        async def say(self, origin: Origin, text: str, keyboard: Any) -> int:
            if not self.asked:
                self.asked = True
                raise NotNow("no turn", retry_after=0.2)
            return await super().say(origin, text, keyboard)

        asked = False

    chat = Once()
    async with replica(settings_for()) as kept:
        speaker = ReplySender(kept, cast(Gateway, chat), MetricsBuffer())
        running = asyncio.create_task(speaker.run())
        try:
            await speaker.say("update 1", Origin(7, 7, 1), "first")
            await speaker.say("update 2", Origin(7, 7, 2), "second")
            await until(lambda: chat.said == ["first", "second"])
        finally:
            running.cancel()
            await speaker.finish()


async def test_those_who_waited_come_first(settings_for: Callable[..., Settings]) -> None:
    async with replica(settings_for()) as kept:
        await kept.keep(answer(1), take=False)
        assert await kept.keep(answer(2, chat=8), take=True) is Enqueued.WAITS
        assert [each.id for each in await kept.take(10)] == ["update 1", "update 2"]


async def test_a_speaker_says_all_once_and_leaves_to_others_what_it_cannot(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a speaker that is stopped while Telegram lets nothing through, I expect another to say it."""
    async with replica(settings_for()) as first, replica(settings_for()) as second:
        stuck, free = Chat(), Chat()
        stuck.held.clear()
        dying = ReplySender(first, cast(Gateway, stuck), MetricsBuffer())
        await dying.say("update 1", Origin(7, 7, 1), "hello")
        await dying.finish()
        age(redis_url, ANSWERS, TAKEN_S)
        living = ReplySender(second, cast(Gateway, free), MetricsBuffer())
        running = asyncio.create_task(living.run())
        try:
            await until(lambda: free.said == ["hello"])
            await living.say("update 1", Origin(7, 7, 1), "hello")
            await living.say("update 2", Origin(7, 7, 2), "world")
            await until(lambda: free.said == ["hello", "world"])
            await asyncio.sleep(2 * LOOK_S)
        finally:
            running.cancel()
            await living.finish()
        assert (stuck.said, free.said) == ([], ["hello", "world"])


async def test_many_ask_in_few_round_trips_and_each_gets_its_own_answer(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a hundred callers at once, one with a command that is wrong, and a server that forgets its
    scripts, I expect each to get what it asked for."""
    async with opened(settings_for().ledger_redis()) as pipeline:
        asked = [pipeline.command("ECHO", str(number)) for number in range(100)]
        found = await asyncio.gather(*asked, pipeline.command("NO"), return_exceptions=True)
        assert found[:100] == [str(number) for number in range(100)]
        assert isinstance(found[100], LedgerUnavailable)
        for _ in range(2):
            assert await pipeline.script("spool_take", "none", 1, 1, 1, 1) == []
            with connect(redis_url) as other:
                other.script_flush()


async def test_without_redis_callers_are_told_within_a_bound() -> None:
    async with opened(Settings(redis_url="redis://127.0.0.1:1/0").ledger_redis(), 1) as pipeline:
        for _ in range(2):
            with pytest.raises(LedgerUnavailable):
                await asyncio.wait_for(pipeline.command("PING"), 10)
