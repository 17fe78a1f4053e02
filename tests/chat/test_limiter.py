"""The budget for calls to Telegram, shared by all processes through a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from patience import LONG_S, promised
from structlog.testing import capture_logs
from telegram.error import RetryAfter

from chat import limiter as module
from chat.errors import Dropped
from chat.limiter import SharedLimiter, Urgency
from config.settings import Settings
from jobs.errors import PassingError
from ledger.limits import fail_open

pytestmark = pytest.mark.filterwarnings("ignore:.*retry_after")

SettingsFor = Callable[..., Settings]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[SharedLimiter]:
    """A limiter as one process has it."""
    limiter = SharedLimiter(settings)
    await limiter.initialize()
    try:
        yield limiter
    finally:
        await limiter.shutdown()


class Telegram:
    """Takes the calls that the limiter lets through, with their times; `refusals` are answered first."""

    def __init__(self, *refusals: float) -> None:
        self.refusals = list(refusals)
        self.times: list[float] = []
        self.called = asyncio.Event()

    async def __call__(self, *_args: Any, **_kwargs: Any) -> bool:
        self.times.append(time.monotonic())
        self.called.set()
        if self.refusals:
            raise RetryAfter(timedelta(seconds=self.refusals.pop(0)))
        return True


async def call(
    limiter: SharedLimiter,
    telegram: Telegram,
    chat: int | None,
    urgency: Urgency | None = None,
    endpoint: str = "sendMessage",
) -> Any:
    data = {} if chat is None else {"chat_id": chat}
    return await limiter.process_request(telegram, (), {}, endpoint, data, urgency)


async def held(redis_url: str, chat: int) -> None:
    """Wait until the chat's hold stands in Redis."""
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(round(LONG_S / 0.01)):
            if client.exists(f"darkroom:telegram:hold:{chat}"):
                return
            await asyncio.sleep(0.01)
    raise AssertionError(f"no hold within {LONG_S:g} s")


async def test_two_processes_share_one_chats_budget(settings_for: SettingsFor) -> None:
    """Given two processes, when both write to one chat at once, I expect its rate to hold for both."""
    settings = settings_for(telegram_chat_rate_per_s=20.0)
    telegram = Telegram()
    async with running(settings) as one, running(settings) as two:
        began = time.monotonic()
        await asyncio.gather(*(call(limiter, telegram, 7) for limiter in (one, two) for _ in range(8)))
    # 3 at once, 13 more at 20/s.
    assert telegram.times[-1] - began >= 13 / 20 - 0.03


async def test_all_chats_together_stay_within_the_bots_rate(settings_for: SettingsFor) -> None:
    """Given many chats, when each gets one message, I expect the bot's own rate to hold."""
    settings = settings_for(telegram_rate_per_s=100.0)
    telegram = Telegram()
    async with running(settings) as one, running(settings) as two:
        began = time.monotonic()
        await asyncio.gather(*(call(one if chat % 2 else two, telegram, chat) for chat in range(1, 101)))
    assert len(telegram.times) == 100
    # 50 at once, 50 more at 100/s.
    assert telegram.times[-1] - began >= 0.5 - 0.03


async def test_a_groups_minute_holds_with_its_burst(settings_for: SettingsFor, redis_url: str) -> None:
    """Given a group, I expect a burst of 3, and 17 more in the minute."""
    telegram = Telegram()
    async with running(settings_for()) as limiter:
        for _ in range(3):
            await call(limiter, telegram, -100123)
        with pytest.raises(Dropped):
            await call(limiter, telegram, -100123, Urgency.PROGRESS)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        life: Any = client.pttl("darkroom:telegram:chat:-100123")
    # 3 tokens come back at 17 a minute: 10.6 s, and a second of grace.
    assert 5_000 < life <= 11_700


async def test_retry_after_holds_back_that_chat_in_every_process_and_no_other(
    settings_for: SettingsFor, redis_url: str
) -> None:
    """Given one process that was told to wait, I expect the other to hold that chat back too."""
    refusing, telegram = Telegram(1.0), Telegram()
    settings = settings_for(telegram_chat_rate_per_s=50.0)
    async with running(settings) as one, running(settings) as two:
        told = asyncio.create_task(call(one, refusing, 7))
        await asyncio.wait_for(refusing.called.wait(), 5)
        await held(redis_url, 7)
        start = refusing.times[0]
        await call(two, telegram, 8)
        await call(two, telegram, 7)
        assert await told is True
    other, same = telegram.times
    assert other - start < 1.0
    assert same - start >= 1.0
    assert refusing.times[1] - start >= 1.0
    assert len(refusing.times) == 2


async def test_calls_that_waited_out_a_hold_do_not_burst(settings_for: SettingsFor) -> None:
    """Given a chat told to wait, when its time is over, I expect the waiting calls one by one."""
    telegram = Telegram(0.3)
    async with running(settings_for(telegram_chat_rate_per_s=20.0)) as limiter:
        began = time.monotonic()
        await asyncio.gather(*(call(limiter, telegram, 7) for _ in range(6)))
    # 3 go at once and one of them is refused; when its time is over, it and the 3 others go at 20/s.
    assert len(telegram.times) == 7
    assert telegram.times[-1] - began >= 0.3 + 3 / 20 - 0.02


async def test_progress_is_dropped_while_the_chat_is_told_to_wait(settings_for: SettingsFor) -> None:
    """Given a chat told to wait, I expect a progress edit to be dropped at once rather than to wait."""
    telegram = Telegram(5)
    async with running(settings_for()) as limiter:
        with pytest.raises(Dropped):
            await call(limiter, telegram, 7, Urgency.PROGRESS, "editMessageText")
        start = time.monotonic()
        with pytest.raises(Dropped):
            await call(limiter, telegram, 7, Urgency.PROGRESS, "editMessageText")
    assert time.monotonic() - start < promised(4)
    assert len(telegram.times) == 1


async def test_the_last_fifth_of_the_budget_is_for_results(settings_for: SettingsFor, redis_url: str) -> None:
    """Given a budget that progress has used up to a fifth, I expect a result to pass still."""
    telegram = Telegram()
    async with running(settings_for(telegram_rate_per_s=20.0)) as limiter:
        # The bucket of this rate, but for tokens that come back so slowly that the level stands still.
        budget = limiter._budget
        assert budget is not None
        budget._all = replace(budget._all, rate=replace(budget._all.rate, per_s=0.0001))
        with redis.Redis.from_url(redis_url) as client:
            # A fifth of 10 is 2.
            client.hset("darkroom:telegram:all", mapping={"level": 2.9, "at": round(time.time() * 1000)})
        await call(limiter, telegram, 1, Urgency.PROGRESS, "editMessageText")
        with pytest.raises(Dropped):
            await call(limiter, telegram, 2, Urgency.PROGRESS, "editMessageText")
        start = time.monotonic()
        await call(limiter, telegram, 2)
    assert len(telegram.times) == 2
    assert time.monotonic() - start < promised(5)


async def test_a_chats_last_call_is_for_its_result(settings_for: SettingsFor) -> None:
    """Given a chat in which progress was edited as often as it may, I expect its result to pass at once."""
    telegram = Telegram()
    async with running(settings_for(telegram_chat_rate_per_s=0.1)) as limiter:
        for _ in range(2):
            await call(limiter, telegram, 7, Urgency.PROGRESS, "editMessageText")
        with pytest.raises(Dropped):
            await call(limiter, telegram, 7, Urgency.PROGRESS, "editMessageText")
        start = time.monotonic()
        await call(limiter, telegram, 7)
    assert time.monotonic() - start < promised(5)


async def test_a_wait_has_a_bound(settings_for: SettingsFor) -> None:
    """Given a chat whose next turn is beyond the patience, I expect an error at once that tells when."""
    telegram = Telegram()
    async with running(settings_for(telegram_chat_rate_per_s=0.01)) as limiter:
        for _ in range(3):
            await call(limiter, telegram, 7)
        with pytest.raises(PassingError) as raised:
            await call(limiter, telegram, 7)
    assert raised.value.retry_after == pytest.approx(100, abs=2)
    assert len(telegram.times) == 3


async def test_a_long_retry_after_is_passed_on(settings_for: SettingsFor) -> None:
    """Given "retry after 300", I expect the caller to get it, and the next call not to be made."""
    telegram = Telegram(300)
    async with running(settings_for()) as limiter:
        for _ in range(2):
            with pytest.raises(PassingError) as raised:
                await call(limiter, telegram, 7)
            assert raised.value.retry_after == pytest.approx(300, abs=2)
    assert len(telegram.times) == 1


async def test_a_chat_that_is_told_to_wait_again_and_again_is_given_up(settings_for: SettingsFor) -> None:
    """Given a Telegram that always says "later", I expect a bounded number of tries."""
    telegram = Telegram(*[0.05] * 20)
    async with running(settings_for(telegram_chat_rate_per_s=1000.0)) as limiter:
        with pytest.raises(PassingError):
            await call(limiter, telegram, 7)
    assert len(telegram.times) == module.ATTEMPTS


@pytest.mark.parametrize(
    ("endpoint", "chat"),
    [("sendChatAction", 7), ("answerCallbackQuery", None), ("getChat", 7), ("getMe", None)],
)
async def test_calls_that_post_nothing_take_no_budget(
    endpoint: str, chat: int | None, settings_for: SettingsFor, redis_url: str
) -> None:
    """Given calls that Telegram does not count as messages, I expect no bucket to be touched."""
    telegram = Telegram()
    async with running(settings_for(telegram_chat_rate_per_s=0.1)) as limiter:
        for _ in range(10):
            await call(limiter, telegram, chat, endpoint=endpoint)
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


async def test_nothing_stays_in_redis_for_ever(settings_for: SettingsFor, redis_url: str) -> None:
    """Given chats that were written to and told to wait, I expect every key to have an end."""
    telegram = Telegram(0.05)
    async with running(settings_for(telegram_chat_rate_per_s=50.0)) as limiter:
        for chat in (7, -8, 9):
            await call(limiter, telegram, chat)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        found: Any = client.keys()
        assert {"darkroom:telegram:all", "darkroom:telegram:chat:7"} <= set(found)
        assert all(0 < client.pttl(key) < 60_000 for key in found)


async def test_without_redis_calls_go_out_and_the_log_says_so_once(settings_for: SettingsFor) -> None:
    """Given a Redis that is away, I expect calls to go out all the same, and one line in the log."""
    telegram = Telegram(0.05)
    with capture_logs() as logs:
        async with running(settings_for(redis_url="redis://127.0.0.1:1/0")) as limiter:
            await asyncio.gather(*(call(limiter, telegram, 7) for _ in range(20)))
    assert len(telegram.times) == 21
    assert [line["log_level"] for line in logs].count("warning") == 1


async def test_the_budget_counts_again_when_redis_is_back(
    settings_for: SettingsFor, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a Redis that refused for a moment, when it answers again, I expect calls to be counted."""
    monkeypatch.setattr(fail_open, "UNASKED_S", 0.05)
    telegram = Telegram()
    with capture_logs() as logs, redis.Redis.from_url(redis_url) as client:
        async with running(settings_for()) as limiter:
            client.set("darkroom:telegram:all", "not a hash")
            await call(limiter, telegram, 7)
            client.delete("darkroom:telegram:all")
            async with asyncio.timeout(LONG_S):
                while not client.exists("darkroom:telegram:all"):
                    await call(limiter, telegram, 8)
                    await asyncio.sleep(0.02)
    assert [line["log_level"] for line in logs] == ["warning", "info"]
