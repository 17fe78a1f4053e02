"""The data behind all metrics, read from Redis at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
from celery import Celery
from kombu.transport.redis import Channel

from jobs.model import Lane
from jobs.states import ACTIVE, State
from ledger import clock, histograms, keys
from ledger.queues.durable_queue import SPOOLS

Info = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LaneSize:
    """The size of a lane.

    Attributes:
        jobs: Jobs that wait in the ledger.
        oldest_s: Seconds that the oldest of them has waited.
        messages: Messages on the broker, by priority.
        paused: An admin has paused the lane.
    """

    jobs: int
    oldest_s: float
    messages: Mapping[int, int]
    paused: bool

    @property
    def size(self) -> int:
        """Return the length of the queue: see `monitoring.queue_metrics`."""
        return max(self.jobs, sum(self.messages.values()))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of Darkroom at one moment.

    Attributes:
        counts: All counters of the ledger, by name (`ledger.counters`).
        observations: All histograms of the ledger, by name.
        states: Jobs in each active state.
        lanes: The size of each lane.
        processes: What each live process says of itself, by owner.
        roster: The kinds of process (process, lanes) that were alive within a day.
        people: Users who can be written to.
        spools: Items in each durable queue.
        info: INFO of the ledger's Redis.
    """

    counts: Mapping[str, int]
    observations: Mapping[str, Mapping[str, int]]
    states: Mapping[State, int]
    lanes: Mapping[Lane, LaneSize]
    processes: Mapping[str, Mapping[str, str]]
    roster: Sequence[tuple[str, str]]
    people: int = 0
    spools: Mapping[str, int] = field(default_factory=dict)
    info: Info = field(default_factory=dict)

    def total(self, state: State, group: str = "jobs") -> int:
        """Return how many jobs ever entered a state."""
        prefix = f"{group}:{state}:"
        return sum(value for name, value in self.counts.items() if name.startswith(prefix))


def read(client: "redis.Redis", app: Celery) -> Snapshot:
    """Read a snapshot in two round trips. Raises redis.RedisError.

    Values that must be consistent with each other come from one transaction. The second round trip reads the
    records of the live processes.
    """
    states, steps = sorted(ACTIVE), tuple(app.conf.broker_transport_options["priority_steps"])
    with client.pipeline(transaction=True) as pipe:
        clock.request(pipe)
        pipe.hgetall(keys.counts())
        pipe.hgetall(keys.observations())
        pipe.smembers(keys.paused())
        pipe.zrange(keys.workers(), 0, -1, withscores=True)
        pipe.zrange(keys.roster(), 0, -1)
        pipe.info()
        pipe.zcard(keys.people())
        for spool in SPOOLS:
            pipe.zcard(keys.spool(spool))
        for state in states:
            pipe.zcard(keys.in_state(state))
        for lane in Lane:
            pipe.zcard(keys.queue(lane))
            pipe.zrange(keys.queue(lane), 0, 0, withscores=True)
            for step in steps:
                pipe.llen(list_of(lane, step))
        time, written, counts, observed, paused, workers, roster, info, people, *rest = pipe.execute()
    now = clock.read(time, written)
    owners = [owner for owner, until in workers if until >= now]
    kept, rest = rest[: len(SPOOLS)], rest[len(SPOOLS) :]
    sizes, rest = rest[: len(states)], rest[len(states) :]
    with client.pipeline(transaction=False) as pipe:
        for owner in owners:
            pipe.hgetall(keys.worker(owner))
        records = pipe.execute()
    width = 2 + len(steps)
    return Snapshot(
        counts={name: int(value) for name, value in counts.items()},
        observations=histograms.by_name(observed),
        states=dict(zip(states, sizes, strict=True)),
        lanes={
            lane: _lane(rest[at * width : (at + 1) * width], steps, now, paused=lane in paused)
            for at, lane in enumerate(Lane)
        },
        processes={owner: record for owner, record in zip(owners, records, strict=True) if record},
        roster=[_kind(entry) for entry in roster],
        people=people,
        spools=dict(zip(SPOOLS, kept, strict=True)),
        info=info,
    )


def list_of(lane: str, priority: int) -> str:
    """Return kombu's name of the Redis list for one priority of a queue."""
    return f"{lane}{Channel.sep}{priority}" if priority else lane


def _lane(row: Sequence[Any], steps: Sequence[int], now: float, *, paused: bool) -> LaneSize:
    jobs, first, *messages = row
    oldest_s = max(0.0, now - first[0][1] / 1000) if first else 0.0
    return LaneSize(jobs, oldest_s, dict(zip(steps, messages, strict=True)), paused)


def _kind(entry: str) -> tuple[str, str]:
    process, _, lanes = entry.partition("|")
    return process, lanes
