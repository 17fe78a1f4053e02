"""How many calls of one kind a provider allows, shared by all processes: a token bucket in Redis.

A process takes tokens in batches, as many as it needs in about half a second. Tokens of a batch that it has
not used after a second expire. So there is hardly a round trip far from the limit, and near the limit no
process hoards tokens.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import redis
import structlog

from jobs.limits import Rate
from ledger import keys
from ledger.limits import token_buckets
from ledger.limits.fail_open import FailOpen
from ledger.limits.token_buckets import BucketAnswer, TokenBucket

log = structlog.get_logger(__name__)
_LAPSE_S = 1.0
_DEBT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The decision about one call: make it after `wait_s` seconds if `granted`, else ask again after them."""

    granted: bool
    wait_s: float = 0.0


def rate_of(per_min: float) -> Rate:
    """Return a token bucket that lets at most `per_min` calls through in any 60 s.

    The sum of its burst, its refill in that time, and the batches taken in the second before stays within
    `per_min`.
    """
    burst = max(1.0, per_min / 25)
    return Rate(max(per_min - burst, per_min / 2) / (60 + _LAPSE_S), burst)


class ProviderQuota:
    """The quota for one kind of calls to a provider. One instance per process, shared between threads."""

    def __init__(
        self,
        client: "redis.Redis",
        provider: str,
        kind: str,
        per_min: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        key = keys.allowance(provider, kind)
        self._hold_key = f"{key}:hold"
        rate = rate_of(per_min)
        self._rate = rate
        self._key = key
        self._most = max(1, int(rate.burst / 4))
        self._take = client.register_script(token_buckets.TAKE)
        self._hold = client.register_script(token_buckets.HOLD)
        self._clock = clock
        self._lock = threading.Lock()
        self._purse = 0
        self._purse_ends = 0.0
        self._short_until = 0.0
        self._breaker = FailOpen("the allowance for calls", clock)
        self._used: deque[float] = deque(maxlen=self._most)

    def take(self, *, urgent: bool) -> Turn:
        """Ask for one call. While Redis is away, every call is granted.

        Args:
            urgent: Grant the call in any case, at the next free moment, ahead of calls that are not urgent.
        """
        with self._lock:
            now = self._clock()
            if self._breaker.is_open:
                return Turn(granted=True)
            if self._purse and now < self._purse_ends:
                self._purse -= 1
                self._used.append(now)
                return Turn(granted=True)
            if not urgent and now < self._short_until:
                return Turn(granted=False, wait_s=self._short_until - now)
            try:
                turn = self._fetch(now, urgent)
            except redis.RedisError as error:
                self._breaker.failed(error)
                return Turn(granted=True)
            self._breaker.succeeded()
            return turn

    def hold(self, seconds: float) -> None:
        """Let no call through for the given seconds, as the provider demands."""
        with self._lock:
            self._purse = 0
        try:
            self._hold(*token_buckets.hold(self._hold_key, self._bucket(1), seconds))
        except redis.RedisError as error:
            log.warning("the provider's wish to wait is not shared", error=str(error))

    def _bucket(self, tokens: int) -> TokenBucket:
        # The last fifth of the burst is reserved for urgent calls.
        return TokenBucket(self._key, self._rate, min(self._rate.burst, tokens + self._rate.burst / 5))

    def _fetch(self, now: float, urgent: bool) -> Turn:
        batch = max(1, sum(at > now - _LAPSE_S for at in self._used) // 2)
        answer = self._ask("spare", batch)
        if answer.word != "go" and batch > 1:
            batch, answer = 1, self._ask("spare", 1)
        if answer.word == "go":
            self._purse, self._purse_ends = batch - 1, now + _LAPSE_S
            self._used.append(now)
            return Turn(granted=True)
        if urgent:
            answer = self._ask("wait", 1)
            return Turn(granted=answer.word == "go", wait_s=answer.wait_s)
        self._short_until = now + answer.wait_s
        return Turn(granted=False, wait_s=answer.wait_s)

    def _ask(self, mode: str, tokens: int) -> BucketAnswer:
        call = token_buckets.take(self._hold_key, (self._bucket(tokens),), mode, _DEBT_S, tokens)
        return BucketAnswer.of(self._take(*call))
