"""All that the metrics are made of, read from Redis as it is at one moment."""

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
    """`jobs` wait in the ledger, the oldest for `oldest_s` seconds; `messages` on the broker, by priority."""

    jobs: int
    oldest_s: float
    messages: Mapping[int, int]
    paused: bool

    @property
    def size(self) -> int:
        """The queue's length: see `monitoring.queues`."""
        return max(self.jobs, sum(self.messages.values()))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`counts` and `observations` as the ledger keeps them; `processes` are the live ones' own words by
    owner; `roster` the kinds of process (process, lanes) that were alive within a day; `people` the number of
    users who can be written to; `spools` how much each of them keeps."""

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
        """Jobs that ever entered a state."""
        prefix = f"{group}:{state}:"
        return sum(value for name, value in self.counts.items() if name.startswith(prefix))


def read(client: "redis.Redis", app: Celery) -> Snapshot:
    """Two round trips; raises redis.RedisError. What must fit together comes from one transaction."""
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
    """The Redis list of one priority of a queue, as kombu names it."""
    return f"{lane}{Channel.sep}{priority}" if priority else lane


def _lane(row: Sequence[Any], steps: Sequence[int], now: float, *, paused: bool) -> LaneSize:
    jobs, first, *messages = row
    oldest_s = max(0.0, now - first[0][1] / 1000) if first else 0.0
    return LaneSize(jobs, oldest_s, dict(zip(steps, messages, strict=True)), paused)


def _kind(entry: str) -> tuple[str, str]:
    process, _, lanes = entry.partition("|")
    return process, lanes
