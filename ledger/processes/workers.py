"""The register of live processes: the name of each, the lanes that it serves, and its slots."""

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
"""Time (s) for which a kind of process that no longer runs anywhere counts as missing."""


def new_owner() -> str:
    """Return a unique name for this process: host, process id and random characters."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


@dataclass(frozen=True, slots=True)
class Sign:
    """The content of a heartbeat.

    Attributes:
        owner: The unique name of the process.
        process: The kind of process: `bot`, or the name of a Celery node without its host.
        lanes: The lanes that it serves, with `slots` slots together.
        busy: The number of jobs that it works on, by lane.
        vitals: Its resource usage.
    """

    owner: str
    process: str = "worker"
    lanes: Sequence[str] = ()
    slots: int = 0
    busy: Mapping[str, int] = field(default_factory=dict)
    vitals: ResourceUsage | None = None


class Workers:
    """The register. A process that stops sending heartbeats drops out of it.

    All methods raise LedgerUnavailable when Redis does not answer.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def announce(self, sign: Sign, ttl_s: float, tally: MetricsBuffer | None = None) -> None:
        """Record a heartbeat, and write the content of the metrics buffer in the same call.

        The process counts as dead if no further heartbeat comes within `ttl_s` seconds.
        """
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
        """Remove a process that stops from the register, and write its metrics."""
        with self._writing(tally) as pipe:
            pipe.delete(keys.worker(owner))
            pipe.zrem(keys.workers(), owner)

    def on(self, host: str) -> int:
        """Return the number of live processes on a host, which their names have before the first colon."""
        with ledger_errors():
            return sum(owner.partition(":")[0] == host for owner in self._alive())

    def processes(self) -> set[str]:
        """Return the kinds of the live processes: `bot`, or names of Celery nodes without their hosts."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            for owner in self._alive():
                pipe.hget(keys.worker(owner), "process")
            return {process for process in pipe.execute() if process}

    def slots(self, lane: str) -> int:
        """Return the number of slots of all live workers of a lane; 0 when the lane has no worker."""
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
        """Provide a pipeline that is executed at the end, with the content of the metrics buffer."""
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
