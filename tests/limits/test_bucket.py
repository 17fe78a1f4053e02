"""The users' token bucket against an exact model, over times and interleavings.

Time passes by moving the bucket's own stamps back; the milliseconds that really pass are allowed for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from config.settings import Settings
from jobs.failures import Failure
from jobs.limits import Rate
from jobs.model import Kind, Origin, Request, Tier
from ledger import keys
from ledger.admission import Accepted, Limited
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from sandbox.admission import BlockingAdmission

ANN = Origin(user=1, chat=1, reply_to=5)
SLACK = 0.02
"""Tokens that may come in while a step of the test runs."""


@dataclass
class Model:
    """The bucket as it is meant: a number that grows with time up to its size."""

    rate: Rate
    tokens: float

    def passes(self, seconds: float) -> None:
        self.tokens = min(self.rate.burst, self.tokens + seconds * self.rate.per_s)

    def gives_back(self) -> None:
        self.tokens = min(self.rate.burst, self.tokens + 1)


STEPS = some.one_of(
    some.just(("ask", 0.0)),
    some.tuples(some.just("pass"), some.floats(0.1, 900)),
    some.just(("fail, ours", 0.0)),
    some.just(("fail, refused", 0.0)),
    some.just(("cancel", 0.0)),
    some.just(("die", 0.0)),
)


@pytest.fixture(scope="module")
def client(redis_server: str) -> Iterator["redis.Redis"]:
    client = connect(redis_server)
    yield client
    client.close()


class World:
    """One user at the door, and the model beside."""

    def __init__(self, client: "redis.Redis", terms: Settings, door: BlockingAdmission, rate: Rate) -> None:
        client.flushall()
        self.client = client
        self.admission = door
        self.ledger = Ledger(client, terms)
        self.model = Model(rate, rate.burst)
        self.held: list[str] = []
        self.asked = 0
        self._at = time.monotonic()

    def ask(self) -> None:
        self._catch_up()
        self.asked += 1
        job_id = f"job-{self.asked}"
        request = Request(Kind.IMAGE, "sketch", f"fox {self.asked}")
        answer = self.admission.admit(job_id, request, ANN)
        taken = isinstance(answer, Accepted)
        if abs(self.model.tokens - 1) > SLACK:
            assert taken is (self.model.tokens > 1)
        if taken:
            self.model.tokens -= 1
            self.held.append(job_id)
        else:
            assert isinstance(answer, Limited)
            wait = (1 - self.model.tokens) / self.model.rate.per_s
            assert answer.retry_after_s == pytest.approx(wait, abs=SLACK / self.model.rate.per_s + 0.05)

    def time_passes(self, seconds: float) -> None:
        bucket = keys.user_bucket(1)
        if self.client.hexists(bucket, "at"):
            self.client.hincrby(bucket, "at", -round(seconds * 1000))
        self.model.passes(seconds)

    def _catch_up(self) -> None:
        """The test takes time itself, and a busy machine more of it."""
        now = time.monotonic()
        self.model.passes(now - self._at)
        self._at = now

    def end(self, how: str) -> None:
        """End the oldest job; one whose worker has died stays as it is, for the sweep."""
        if not self.held or how == "die":
            return
        job_id = self.held.pop(0)
        self._catch_up()
        if how == "cancel":
            self.ledger.cancel(job_id, 1)
            self.model.gives_back()
            return
        job = self.ledger.claim(job_id, "worker-1", Stage.GENERATE)
        assert job is not None
        ours = how == "fail, ours"
        self.ledger.failed(job, Failure.TIMED_OUT if ours else Failure.REFUSED)
        if ours:
            self.model.gives_back()


@contextmanager
def world_of(client: "redis.Redis", url: str, rate: Rate) -> Iterator[World]:
    """Make a world whose user has this rate."""
    terms = Settings(redis_url=url, active_jobs=10_000, lane_backlog=10_000)
    with BlockingAdmission(terms, {Tier.REGULAR: rate}) as door:
        yield World(client, terms, door, rate)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    burst=some.integers(1, 5),
    per_minute=some.floats(0.2, 6),
    steps=some.lists(STEPS, max_size=30),
)
def test_the_bucket_is_the_model(
    client: "redis.Redis", redis_server: str, burst: int, per_minute: float, steps: list[tuple[str, float]]
) -> None:
    """Given any mixture of requests, ends and pauses, each answer is the model's; nobody stays locked out."""
    with world_of(client, redis_server, Rate(per_minute / 60, burst)) as world:
        for step, seconds in steps:
            if step == "ask":
                world.ask()
            elif step == "pass":
                world.time_passes(seconds)
            else:
                world.end(step)
        # Whatever died in between: after the time for one token the user gets in again.
        world.time_passes(1 / world.model.rate.per_s + 0.001)
        before = world.asked
        world.ask()
        assert f"job-{before + 1}" in world.held


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(burst=some.integers(1, 20))
def test_a_full_bucket_holds_its_burst_and_no_more(
    client: "redis.Redis", redis_server: str, burst: int
) -> None:
    """Given any idle time, exactly `burst` requests get in at once."""
    with world_of(client, redis_server, Rate(0.001, burst)) as world:
        world.time_passes(1e6)
        answers = [
            world.admission.admit(
                f"job-{n}", Request(Kind.IMAGE, "sketch", f"fox {n}"), replace(ANN, reply_to=n)
            )
            for n in range(burst + 3)
        ]
    assert [isinstance(answer, Accepted) for answer in answers] == [True] * burst + [False] * 3
