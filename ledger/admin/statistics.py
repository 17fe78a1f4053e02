"""The figures that /stats and /user show. Only `prompt_refused` writes; all else reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from jobs.limits import Rate
from jobs.model import Lane, Tier
from jobs.states import ACTIVE, ENDED, State
from ledger import clock, counters, keys
from ledger.scripts import ledger_errors

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LaneView:
    """The jobs of a lane that nobody works on: how many are `waiting`, and the age (s) of the oldest one."""

    waiting: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of /stats.

    Attributes:
        active: Jobs that have not ended, by state.
        ended: Jobs that have ever ended, by the state in which they ended.
        requests: Requests that were admitted; `cached` of them got a result from the cache.
        spend_usd: List price of today's (UTC) submissions by model, the dearest first.
    """

    active: Mapping[State, int]
    ended: Mapping[State, int]
    lanes: Mapping[Lane, LaneView]
    requests: int
    cached: int
    prompts_refused: int
    spend_usd: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UserTokens:
    """The tokens in a user's bucket at this moment, and the bucket's `size`."""

    tokens: float
    size: int


class Statistics:
    """The reader of the figures. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", rates: Mapping[Tier, Rate]) -> None:
        self._redis = client
        self._rates = rates

    def overview(self) -> Overview:
        """Return all figures of /stats, read in a handful of round trips."""
        now, counts = self._now(), self._counts()
        states = sorted(ACTIVE)
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            for state in states:
                pipe.zcard(keys.in_state(state))
            pipe.hgetall(keys.spend(str(int(now // _DAY_S))))
            *sizes, spend = pipe.execute()
        cached = counts.get(counters.admissions("cached"), 0)
        dearest = sorted(spend.items(), key=lambda entry: -float(entry[1]))
        return Overview(
            active={state: size for state, size in zip(states, sizes, strict=True) if size},
            ended={state: _sum(counts, f"jobs:{state}:") for state in sorted(ENDED)},
            lanes={lane: self._lane(lane, now) for lane in Lane},
            requests=cached + counts.get(counters.admissions("accepted"), 0),
            cached=cached,
            prompts_refused=counts.get(counters.PROMPTS_REFUSED, 0),
            spend_usd={model: float(usd) for model, usd in dearest},
        )

    def bucket(self, user: int, tier: Tier) -> UserTokens | None:
        """Return the tokens in the user's bucket; None where the tier has no rate limit."""
        rate = self._rates.get(tier)
        if rate is None:
            return None
        with ledger_errors():
            found: Any = self._redis.hmget(keys.user_bucket(user), "tokens", "at")
        tokens, at = found
        return UserTokens(filled(rate, tokens, at, self._now() * 1000), int(rate.burst))

    def prompt_refused(self) -> None:
        """Count a prompt that the prompt filter refused."""
        with ledger_errors():
            self._redis.hincrby(keys.counts(), counters.PROMPTS_REFUSED, 1)

    def _now(self) -> float:
        with ledger_errors():
            return clock.ask(self._redis)

    def _counts(self) -> dict[str, int]:
        with ledger_errors():
            found: Any = self._redis.hgetall(keys.counts())
        return {name: int(value) for name, value in found.items()}

    def _lane(self, lane: Lane, now: float) -> LaneView:
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.zcard(keys.queue(lane))
            pipe.zrange(keys.queue(lane), 0, 0, withscores=True)
            size, first = pipe.execute()
        return LaneView(size, max(0.0, now - first[0][1] / 1000) if first else 0.0)


def filled(rate: Rate, tokens: str | None, at: str | None, now_ms: float) -> float:
    """Return the tokens in a bucket that held `tokens` at the time `at` (ms). Pure.

    Calculates as `refilled` in `ledger/lua/shared/bucket.lua` does; without a record the bucket is full.
    """
    if tokens is None or at is None:
        return float(int(rate.burst))
    return min(rate.burst, float(tokens) + max(0.0, now_ms - float(at)) * rate.per_s / 1000)


def _sum(counts: Mapping[str, int], prefix: str) -> int:
    return sum(value for name, value in counts.items() if name.startswith(prefix))
