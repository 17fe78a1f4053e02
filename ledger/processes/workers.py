"""The register of live processes: what each is, which lanes it serves, with how many slots."""

import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis

from jobs.errors import LedgerUnavailable
from ledger import clock, keys
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.resource_usage import ResourceUsage
from ledger.scripts import ledger_errors

REMEMBERED_S = 86_400
"""A kind of process that nobody runs any more counts as missing for this long."""


def new_owner() -> str:
    """A name for this process that no other has: host, process id, and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life. `process` is what the process is (`bot`, or a Celery node's name without its host);
    `busy` are the jobs at work in it, by lane."""

    owner: str
    process: str = "worker"
    lanes: Sequence[str] = ()
    slots: int = 0
    busy: Mapping[str, int] = field(default_factory=dict)
    vitals: ResourceUsage | None = None


class Workers:
    """Each process announces itself with its heartbeat; one that stops doing so drops out.

    All methods raise LedgerUnavailable when Redis does not answer.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def announce(self, sign: Sign, ttl_s: float, tally: MetricsBuffer | None = None) -> None:
        """The process lives; it lapses after `ttl_s`. What the tally holds is written in the same call."""
        lanes = ",".join(sign.lanes)
        record: dict[str, Any] = {
            "process": sign.process,
            "lanes": lanes,
            "slots": sign.slots,
            "busy": sum(sign.busy.values()),
            **{f"busy:{lane}": sign.busy.get(lane, 0) for lane in sign.lanes},
            **(sign.vitals.record() if sign.vitals else {}),
        }
        with ledger_errors():
            now = clock.ask(self._redis)
        with self._writing(tally) as pipe:
            pipe.hset(keys.worker(sign.owner), mapping=record)
            pipe.expire(keys.worker(sign.owner), max(1, round(ttl_s)))
            pipe.zadd(keys.workers(), {sign.owner: now + ttl_s})
            pipe.zremrangebyscore(keys.workers(), "-inf", now - 60)
            pipe.zadd(keys.roster(), {f"{sign.process}|{lanes}": now})
            pipe.zremrangebyscore(keys.roster(), "-inf", now - REMEMBERED_S)

    def leave(self, owner: str, tally: MetricsBuffer | None = None) -> None:
        """The process stops."""
        with self._writing(tally) as pipe:
            pipe.delete(keys.worker(owner))
            pipe.zrem(keys.workers(), owner)

    def on(self, host: str) -> int:
        """Live worker processes of a host, by the part of the owner's name in front of its first colon."""
        with ledger_errors():
            return sum(owner.partition(":")[0] == host for owner in self._alive())

    def processes(self) -> set[str]:
        """Return what the live processes are: `bot`, or the name of a Celery node without its host."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            for owner in self._alive():
                pipe.hget(keys.worker(owner), "process")
            return {process for process in pipe.execute() if process}

    def slots(self, lane: str) -> int:
        """Slots of all live workers of a lane; 0 when it has no worker."""
        with ledger_errors():
            owners = self._alive()
            with self._redis.pipeline(transaction=False) as pipe:
                for owner in owners:
                    pipe.hmget(keys.worker(owner), "lanes", "slots")
                rows = pipe.execute()
        return sum(int(slots) for lanes, slots in rows if lanes and lane in lanes.split(","))

    def _alive(self) -> list[str]:
        found: Any = self._redis.zrangebyscore(keys.workers(), clock.ask(self._redis), "+inf")
        return list(found)

    @contextmanager
    def _writing(self, tally: MetricsBuffer | None) -> Iterator[Any]:
        """A pipeline that is executed at the end, with what the tally holds."""
        batch = tally.take() if tally else None
        try:
            with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
                yield pipe
                if batch:
                    batch.write(pipe)
                pipe.execute()
        except LedgerUnavailable:
            if tally and batch:
                tally.put_back(batch)
            raise
