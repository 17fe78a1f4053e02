"""All token buckets fill alike: those of users, those of calls, and what admins are shown of them."""

from collections.abc import Iterator

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from jobs.limits import Rate
from ledger.admin.statistics import filled
from ledger.connection import connect
from ledger.limits import token_buckets

PERSONS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return string.format('%.17g', tokens_in(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), now))
"""


@pytest.fixture(scope="module")
def client(redis_server: str) -> Iterator["redis.Redis"]:
    client = connect(redis_server)
    yield client
    client.close()


def persons(client: "redis.Redis", rate: Rate, record: dict[str, str]) -> float:
    """What a person's bucket with this record holds now."""
    client.delete("one")
    if record:
        client.hset("one", mapping={"tokens": record["held"], "at": record["at"]})
    script = client.register_script(token_buckets.SHARED + PERSONS)
    return float(script(keys=["one"], args=[rate.burst, rate.per_s / 1000]))


def of_calls(client: "redis.Redis", rate: Rate, record: dict[str, str]) -> float:
    """What a bucket for calls with this record holds now: what is left when nothing is taken."""
    client.delete("calls")
    if record:
        client.hset("calls", mapping={"level": record["held"], "at": record["at"]})
    bucket = token_buckets.TokenBucket("calls", rate, 0.0)
    client.register_script(token_buckets.TAKE)(*token_buckets.take("hold", [bucket], "wait", 0.0, tokens=0))
    return float(str(client.hget("calls", "level")))


def now_ms(client: "redis.Redis") -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    burst=some.integers(1, 20),
    per_s=some.floats(0.001, 1),
    held=some.none() | some.floats(0, 20),
    ago_s=some.integers(-600, 600),
)
def test_all_buckets_fill_alike(
    client: "redis.Redis", burst: int, per_s: float, held: float | None, ago_s: int
) -> None:
    """Given a bucket that held so much some time ago (or by a clock that was ahead, or never was asked), I
    expect a person's, one for calls, and the one that admins are shown to hold the same now."""
    client.flushall()
    rate, began_ms = Rate(per_s, burst), now_ms(client)
    record = {} if held is None else {"held": repr(held), "at": str(began_ms - 1000 * ago_s)}
    answers = [persons(client, rate, record), of_calls(client, rate, record)]
    shown = [filled(rate, record.get("held"), record.get("at"), at) for at in (began_ms, now_ms(client))]
    assert all(shown[0] - 1e-6 <= answer <= shown[1] + 1e-6 for answer in answers)
