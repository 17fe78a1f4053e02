"""The register of live worker processes: which lanes they serve, with how many slots."""

import time
from collections.abc import Sequence
from typing import Any

import redis

from jobs import keys
from jobs.scripts import ledger_errors


class Workers:
    """Each worker process announces itself with its heartbeat; one that stops doing so drops out."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def announce(self, owner: str, lanes: Sequence[str], slots: int, busy: int, ttl_s: float) -> None:
        """`owner` serves `lanes` with `slots` slots, `busy` of them at work; it lapses after `ttl_s`."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(keys.worker(owner), mapping={"lanes": ",".join(lanes), "slots": slots, "busy": busy})
            pipe.expire(keys.worker(owner), max(1, round(ttl_s)))
            pipe.zadd(keys.workers(), {owner: time.time() + ttl_s})
            pipe.zremrangebyscore(keys.workers(), "-inf", time.time() - 60)
            pipe.execute()

    def leave(self, owner: str) -> None:
        """The process stops."""
        with ledger_errors():
            self._redis.delete(keys.worker(owner))
            self._redis.zrem(keys.workers(), owner)

    def slots(self, lane: str) -> int:
        """Slots of all live workers of a lane; 0 when it has no worker."""
        with ledger_errors():
            owners: Any = self._redis.zrangebyscore(keys.workers(), time.time(), "+inf")
            with self._redis.pipeline(transaction=False) as pipe:
                for owner in owners:
                    pipe.hmget(keys.worker(owner), "lanes", "slots")
                rows = pipe.execute()
        return sum(int(slots) for lanes, slots in rows if lanes and lane in lanes.split(","))
