"""What a provider allows, shared by all processes through a real Redis; and a slot's turn to call."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from patience import LONG_S
from structlog.testing import capture_logs

import retries
from ledger import keys
from ledger.connection import connect
from ledger.limits.fail_open import UNASKED_S
from ledger.limits.provider_quota import ProviderQuota, Turn, rate_of
from tasks.generation.calls import PATIENCE_S, Asking

PER_MIN = 600.0
BURST = 24


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


def process(client: "redis.Redis", clock: Clock | None = None, per_min: float = PER_MIN) -> ProviderQuota:
    """The allowance as one process has it."""
    return ProviderQuota(client, "replicate", "creates", per_min, clock or Clock())


def drain(one: ProviderQuota) -> int:
    """Take until there is nothing for a regular call; answers how many were granted."""
    granted = 0
    while one.take(urgent=False).granted:
        granted += 1
        assert granted < 1000
    return granted


def commands(client: "redis.Redis") -> int:
    found: Any = client.info("commandstats")
    return sum(int(found.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("evalsha", "eval"))


@pytest.mark.parametrize("per_min", [1, 6, 600, 3000])
def test_no_minute_has_more_than_is_published(per_min: float) -> None:
    """A minute holds at most the burst, what comes in, and what was taken in the second before."""
    rate = rate_of(per_min)
    assert rate.burst >= 1
    assert rate.burst + 61 * rate.per_s <= max(per_min, 1.5)
    assert 61 * rate.per_s >= 0.5 * per_min


def test_all_processes_share_one_bucket(client: "redis.Redis") -> None:
    """Given four processes that take all they get, I expect four fifths of the burst altogether, and what has
    come in meanwhile."""
    began = time.monotonic()
    granted = sum(drain(process(client)) for _ in range(4))
    came_in = (time.monotonic() - began) * rate_of(PER_MIN).per_s
    assert 0.8 * BURST - 1 <= granted <= 0.8 * BURST + came_in + 1


def test_threads_share_what_their_process_takes(client: "redis.Redis") -> None:
    """Given 20 threads of two processes at once, I expect no call more than the bucket has."""
    both = [process(client), process(client)]
    granted: list[bool] = []
    began = time.monotonic()

    def work(one: ProviderQuota) -> None:
        granted.extend(one.take(urgent=False).granted for _ in range(20))

    threads = [threading.Thread(target=work, args=(both[number % 2],)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    came_in = (time.monotonic() - began) * rate_of(PER_MIN).per_s
    assert len(granted) == 400
    assert 0.8 * BURST - 1 <= sum(granted) <= 0.8 * BURST + came_in + 1


def test_the_urgent_go_first(client: "redis.Redis") -> None:
    """Given regular calls that have taken all that is theirs, I expect an urgent one to be granted at once,
    in another process too, for the last fifth; and the ones after it, each a moment later than the other."""
    drain(process(client))
    vip = process(client)
    turns = [vip.take(urgent=True) for _ in range(12)]
    assert all(turn.granted for turn in turns)
    assert turns[0].wait_s == 0
    waits_s = [turn.wait_s for turn in turns]
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] > 0
    assert not process(client).take(urgent=False).granted


def test_who_is_put_off_is_told_when_to_come_back(client: "redis.Redis") -> None:
    """Given a bucket without a token, I expect about the time of one, and no question to Redis before."""
    clock = Clock()
    one = process(client, clock)
    drain(one)
    asked = commands(client)
    put_off = one.take(urgent=False)
    assert 0 < put_off.wait_s <= 2 / rate_of(PER_MIN).per_s
    for _ in range(50):
        assert not one.take(urgent=False).granted
    assert commands(client) == asked
    clock.now += put_off.wait_s
    one.take(urgent=False)
    assert commands(client) > asked


def test_far_from_the_limit_a_busy_process_hardly_asks(client: "redis.Redis") -> None:
    """Given 40 calls a second of the 50 that are allowed, I expect a question for every fifth at most."""
    clock = Clock()
    one = process(client, clock, per_min=300_000)
    asked = commands(client)
    for _ in range(400):
        clock.now += 1 / 40
        assert one.take(urgent=False).granted
    assert commands(client) - asked <= 80


def test_tokens_that_are_not_used_lapse(client: "redis.Redis") -> None:
    """Given a process with tokens in hand, when it has been idle for a second, I expect it to ask again: what
    it took would come on top of a later minute."""
    clock = Clock()
    one = process(client, clock, per_min=300_000)
    for _ in range(50):
        clock.now += 0.001
        one.take(urgent=False)
    clock.now += 1.1
    asked = commands(client)
    one.take(urgent=False)
    assert commands(client) > asked


def test_a_provider_that_asks_to_wait_is_obeyed_by_all(client: "redis.Redis") -> None:
    """Given a hold by one process, I expect another's calls, urgent or not, to be put off until its end."""
    one, other = process(client), process(client)
    one.take(urgent=False)
    one.hold(30)
    for turn in (other.take(urgent=False), other.take(urgent=True), one.take(urgent=True)):
        assert not turn.granted
        assert 25 < turn.wait_s <= 30


def test_without_redis_calls_go_out(client: "redis.Redis") -> None:
    """Given a Redis that does not answer, I expect every call to be granted, and one warning for a while."""
    clock = Clock()
    gone = connect("redis://127.0.0.1:1/0")
    with capture_logs() as logs:
        one = process(gone, clock)
        assert all(one.take(urgent=False) == Turn(granted=True) for _ in range(20))
        one.hold(5)
    assert len([entry for entry in logs if "out of reach" in entry["event"]]) == 1
    gone.close()


def test_the_keys_go_when_nobody_calls(client: "redis.Redis") -> None:
    drain(process(client))
    ttl: Any = client.pttl(keys.allowance("replicate", "creates"))
    assert 0 < ttl <= (BURST / rate_of(PER_MIN).per_s + 2) * 1000


class Tokens:
    """An allowance that answers these turns; `asked` holds the urgency of each question."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = list(turns)
        self.asked: list[bool] = []

    def take(self, *, urgent: bool) -> Turn:
        self.asked.append(urgent)
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]


def take_turn(tokens: Tokens, clock: Clock, sleep: Callable[[float], None], urgent: bool = False) -> None:
    there: Any = tokens
    retries.turn(sleep)(Asking(there, urgent, clock))


def test_a_regular_call_that_is_put_off_too_long_becomes_urgent() -> None:
    """Given a VIP flood, I expect a regular job's call to be put off, and for no longer than the patience."""
    clock, tokens = Clock(), Tokens(Turn(granted=False, wait_s=3.0))

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if tokens.asked[-1]:
            tokens.turns = [Turn(granted=True)]

    began = clock.now
    take_turn(tokens, clock, sleep)
    assert tokens.asked[0] is False
    assert tokens.asked[-1] is True
    assert clock.now - began < PATIENCE_S + 8


def test_a_turn_in_a_while_is_waited_for_and_taken_once() -> None:
    """Given a turn that comes in 5 s, when the wait is cut short, I expect the rest of it, and no other
    question."""
    clock, tokens = Clock(), Tokens(Turn(granted=True, wait_s=5.0))

    def sleep(seconds: float) -> None:
        clock.now += seconds / 2 if seconds > 1 else seconds

    began = clock.now
    take_turn(tokens, clock, sleep, urgent=True)
    assert tokens.asked == [True]
    assert clock.now - began >= 5


def test_the_bucket_counts_again_when_redis_is_back(client: "redis.Redis") -> None:
    """Given a Redis that refused for a moment, I expect calls to go out unasked for two seconds, the bucket
    to count again after them, and the log to say once that it was lost and once that it is back."""
    clock = Clock()
    one = process(client, clock)
    with capture_logs() as logs:
        client.set(keys.allowance("replicate", "creates"), "not a hash")
        one.take(urgent=False)
        client.delete(keys.allowance("replicate", "creates"))
        assert all(one.take(urgent=False).granted for _ in range(100))
        clock.now += UNASKED_S + 0.1
        began = time.monotonic()
        granted = drain(one)
    came_in = (time.monotonic() - began) * rate_of(PER_MIN).per_s
    assert granted <= BURST + came_in + 1
    assert [line["log_level"] for line in logs] == ["warning", "info"]
