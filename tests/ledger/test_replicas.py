"""REDIS_WAIT_REPLICAS: what counts is on a replica, and what is not does not count."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis
from patience import LONG_S

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import Kind, Origin, Request
from ledger import keys
from ledger.admission import Accepted, Duplicate
from ledger.connection import connect, connect_async
from ledger.jobs import Ledger, Stage
from ledger.pipeline import SharedPipeline
from ledger.queues.durable_queue import Enqueued
from ledger.queues.update_queue import item_of, updates
from sandbox.admission import BlockingAdmission, admit_once
from sandbox.embedded import EmbeddedRedis, replica_of
from sandbox.environment import free_port
from sandbox.processes import Program

REQUEST = Request(Kind.IMAGE, "sketch", "a fox")


@pytest.fixture(scope="module")
def redis_server() -> Iterator[str]:
    """A Redis that lets no replica wait."""
    with EmbeddedRedis(free_port(), options=("--repl-diskless-sync-delay", "0")) as server:
        yield server.url


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(redis_wait_replicas=1)


@pytest.fixture
def client(settings: Settings) -> Iterator["redis.Redis"]:
    with connect(settings.ledger_redis()) as client:
        yield client


@contextmanager
def replicated(client: "redis.Redis", settings: Settings) -> Iterator[tuple[Program, "redis.Redis"]]:
    """A replica that has caught up, as a process and by its client."""
    with (
        TemporaryDirectory() as folder,
        replica_of(settings.redis_url, free_port(), Path(folder)) as program,
        redis.Redis.from_url(program.url, decode_responses=True) as replica,
    ):
        deadline = time.monotonic() + LONG_S
        while True:
            client.incr("caught up")
            if client.wait(1, 100) == 1:
                break
            assert time.monotonic() < deadline, "the replica does not follow"
        yield program, replica


def test_a_job_is_on_the_replica_when_it_is_accepted(
    settings: Settings, client: "redis.Redis", admission_for: Callable[..., BlockingAdmission]
) -> None:
    """Given a replica, I expect each change to be on it at the moment in which the ledger says it is done."""
    with replicated(client, settings) as (_, replica):
        admission, ledger = admission_for(settings), Ledger(client, settings)
        for number in range(50):
            job_id = f"job{number}"
            assert isinstance(admission.admit(job_id, REQUEST, Origin(number, 1, 1), fresh=True), Accepted)
            assert replica.hget(keys.job(job_id), "state") == "accepted"
            assert ledger.once(job_id, "status")
            assert replica.hexists(keys.job(job_id), "once:status")


def test_what_was_written_before_does_not_count_until_a_replica_has_it(
    settings: Settings, client: "redis.Redis", admission_for: Callable[..., BlockingAdmission]
) -> None:
    """Given a replica that stands still, and steps that were written but not confirmed, when each is asked
    for again on a connection that has not written them, I expect no answer that counts: not for a job's
    move, a mark, a request or an update; and each to count as soon as the replica has caught up."""
    alone, bot = replace(settings, redis_wait_replicas=0), admission_for(settings)
    with replicated(client, settings) as (program, replica):
        assert isinstance(bot.admit("earlier", REQUEST, Origin(2, 2, 1), fresh=True), Accepted)
        program.stop()
        assert isinstance(admit_once(alone, "job", REQUEST, Origin(1, 1, 1)), Accepted)
        ledger = Ledger(client, alone)
        claimed = ledger.claim("job", "worker", Stage.GENERATE)
        assert claimed is not None
        submitting = ledger.submitting(claimed)
        ledger.running(submitting, "p1")
        ledger.once("job", "fallback", "worker")
        asyncio.run(_keep(alone))

        def move() -> None:
            with connect(settings.ledger_redis()) as other:
                Ledger(other, settings).running(submitting, "p1")

        def mark() -> None:
            with connect(settings.ledger_redis()) as other:
                assert Ledger(other, settings).once("job", "fallback", "worker")

        def request() -> None:
            assert isinstance(bot.admit("job", REQUEST, Origin(1, 1, 1)), Duplicate)

        def update() -> None:
            assert asyncio.run(_keep(settings)) is Enqueued.KNOWN

        steps = (move, mark, request, update)
        with ThreadPoolExecutor(len(steps)) as threads:
            failures = [asked.exception() for asked in [threads.submit(step) for step in steps]]
        assert [type(failure) for failure in failures] == [LedgerUnavailable] * len(steps), failures

        program.continue_()
        for step in steps:
            step()
        assert replica.hget(keys.job("job"), "prediction") == "p1"


async def _keep(settings: Settings) -> Enqueued:
    """Keep an update, as a replica of the bot with a connection of its own does."""
    async with connect_async(settings.ledger_redis(), 6) as client:
        pipeline = SharedPipeline(client, settings.redis_wait_replicas)
        try:
            return await updates(pipeline).keep(item_of("an update"), take=True)
        finally:
            await pipeline.close()


def test_without_a_replica_nothing_counts_as_accepted(
    settings: Settings, client: "redis.Redis", admission_for: Callable[..., BlockingAdmission]
) -> None:
    """Given a bot whose replica has gone, I expect the ledger to be unavailable rather than to take the risk,
    and the same request to be the same job when it comes again."""
    bot = admission_for(settings)
    with replicated(client, settings):
        assert isinstance(bot.admit("earlier", REQUEST, Origin(2, 2, 1), fresh=True), Accepted)
    with pytest.raises(LedgerUnavailable, match="0 of 1 replicas have confirmed"):
        bot.admit("job", REQUEST, Origin(1, 1, 1))
    again = admit_once(Settings(redis_url=settings.redis_url), "job", REQUEST, Origin(1, 1, 1))
    assert isinstance(again, Duplicate)
