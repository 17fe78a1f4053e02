"""The clock of Redis is put back or forward while jobs are under way; the ledger's time goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import redis
from patience import LONG_S, eventually
from spool_stage import opened
from turned_clock import TurnedClock

from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Job, Kind, Origin, Request
from ledger import clock, keys
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.limits import token_buckets
from ledger.processes.leader import alone
from ledger.processes.workers import Sign, Workers
from ledger.queues.durable_queue import UPDATES, DurableQueue, Enqueued, Item, QueueBounds
from sandbox.admission import admit_once
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.redis import READY, command, configuration

OFF_S = 600.0
WORDS = "words-that-are-long-enough"
JUMPS = {"back": (-OFF_S,), "forward and back": (OFF_S, 0.0), "back and forward": (-OFF_S, 0.0)}


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> TurnedClock:
    return TurnedClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def server(turned: TurnedClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis whose clock can be turned."""
    port, file = free_port(), tmp_path_factory.mktemp("redis") / "server.conf"
    file.write_text(configuration(WORDS), encoding="utf-8")
    with Program(command(port, file, keep=False), ready=READY, env=turned.env):
        yield f"redis://:{WORDS}@127.0.0.1:{port}/0"


@pytest.fixture
def client(server: str, turned: TurnedClock) -> Iterator["redis.Redis"]:
    turned.turn(0.0)
    with connect(server) as made:
        made.flushall()
        yield made


@pytest.fixture
def settings(server: str) -> Settings:
    return Settings(redis_url=server, telegram_token="1:" + "T" * 35, lease_s=0.5)


@pytest.fixture(params=sorted(JUMPS))
def jump(request: pytest.FixtureRequest, turned: TurnedClock, client: "redis.Redis") -> Callable[[], None]:
    """Turn the clock of Redis; in between others have looked at the ledger, as they do all the time."""

    def turn() -> None:
        for seconds in JUMPS[request.param]:
            before = clock.ask(client)
            turned.turn(seconds)
            # Redis looks at the clock once for each round of its loop.
            eventually(partial(off_by, client, seconds))
            Ledger(client, Settings()).due.find()
            assert clock.ask(client) >= before

    return turn


def off_by(client: "redis.Redis", seconds: float) -> bool:
    return abs(client.time()[0] - time.time() - seconds) < OFF_S / 2


def job_of(client: "redis.Redis", settings: Settings, name: str) -> Job:
    """A job that is claimed."""
    request = Request(Kind.IMAGE, "sketch", name)
    answer = admit_once(settings, name, request, Origin(1, 1, 1), fresh=True)
    assert isinstance(answer, Accepted)
    claimed = Ledger(client, settings).claim(name, "a worker", Stage.GENERATE)
    assert claimed is not None
    return claimed


def test_what_was_put_off_comes_at_its_time(
    client: "redis.Redis", settings: Settings, jump: Callable[[], None]
) -> None:
    """Given a job that was put off by a second, and one whose worker is gone, I expect both to be due as if
    nothing had happened to the clock."""
    ledger = Ledger(client, settings)
    ledger.release(job_of(client, settings, "put off"), 1.0)
    job_of(client, settings, "left alone")
    jump()
    assert eventually(lambda: sorted(ledger.due.find()) == ["left alone", "put off"])


async def test_what_a_spool_was_told_to_keep_for_later_comes_at_its_time(
    client: "redis.Redis", settings: Settings, jump: Callable[[], None]
) -> None:
    """Given an update whose taker has died, and one that was put off, I expect both to be taken again."""
    async with opened(settings.ledger_redis()) as pipeline:
        spool = DurableQueue(
            pipeline, UPDATES, QueueBounds(taken_s=0.5, lapses_s=3600, remembered_s=60, most=10)
        )
        left, later = Item("left", "{}", "one"), Item("later", "{}", "other")
        for item in (left, later):
            assert await spool.keep(item, take=True) is Enqueued.TAKEN
        await spool.again(later, 0.5)
        await asyncio.to_thread(jump)
        found: set[str] = set()
        async with asyncio.timeout(LONG_S):
            while found != {"left", "later"}:
                found.update(item.id for item in await spool.take(10))
                await asyncio.sleep(0.02)


def test_a_chat_is_left_alone_no_longer_than_telegram_wanted(
    client: "redis.Redis", settings: Settings, turned: TurnedClock
) -> None:
    """Given a chat that must be left alone for two seconds, when the clock is put back, I expect it to be so
    for no longer."""
    bucket = token_buckets.TokenBucket("calls", Rate(1.0, 1), 0.0)
    take, hold = client.register_script(token_buckets.TAKE), client.register_script(token_buckets.HOLD)
    hold(*token_buckets.hold("hold", bucket, 2.0))
    turned.turn(-OFF_S)
    eventually(partial(off_by, client, -OFF_S))
    held = token_buckets.BucketAnswer.of(take(*token_buckets.take("hold", [bucket], "wait", 5.0)))
    assert (held.word, 0 < held.wait_s <= 2) == ("held", True)
    assert client.pttl("hold") <= 2000


def test_a_lock_of_the_dead_lapses_in_its_time(client: "redis.Redis", turned: TurnedClock) -> None:
    """Given a process that died over its round, when the clock is put back, I expect another one to have its
    turn when the lock's time is over."""
    done: list[int] = []
    client.lock(keys.lock("sweep"), timeout=0.5).acquire()
    turned.turn(-OFF_S)
    eventually(partial(off_by, client, -OFF_S))
    another = alone(client, "sweep", 0.5, lambda: done.append(1))

    def had_its_turn() -> bool:
        another()
        return bool(done)

    assert eventually(had_its_turn)


def test_nobody_counts_as_dead_or_as_alive_for_it(
    client: "redis.Redis", settings: Settings, turned: TurnedClock
) -> None:
    """Given a process that said that it lives for half a second, when the clock is put back, I expect it to
    count as dead soon, and one that says it now to be alive."""
    workers = Workers(client)
    workers.announce(Sign("gone:1:a", "image", ("img",), slots=4), 0.5)
    sweep = Ledger(client, settings).due
    sweep.find()
    turned.turn(-OFF_S)
    eventually(partial(off_by, client, -OFF_S))
    workers.announce(Sign("here:1:a", "image", ("img",), slots=3), 60)
    # The sweep looks all the time.
    assert eventually(lambda: sweep.find() == [] and workers.slots("img") == 3)


def test_the_ledger_comes_back_to_the_time_of_redis(client: "redis.Redis", settings: Settings) -> None:
    """Given a ledger that is ahead of Redis by 50 s, when 100 s pass, I expect it to be ahead by 40 s, for
    scripts and readers alike; and to agree with Redis in the end."""
    ledger = Ledger(client, settings)

    def ahead_after(seconds: float, ahead: float) -> tuple[float, float]:
        now = client.time()[0] * 1000
        client.hset(keys.clock(), "last", str(now + int((ahead - seconds) * 1000)))
        client.hset(keys.clock(), "ahead", str(int(ahead * 1000)))
        read = clock.ask(client) - time.time()
        ledger.due.find()
        return read, int(str(client.hget(keys.clock(), "ahead"))) / 1000

    read, written = ahead_after(100, 50)
    assert (round(read / 2), round(written / 2)) == (20, 20)
    read, written = ahead_after(1000, 50)
    assert (round(read / 2), written) == (0, 0)
