"""The trail of a job: what happened to it, written by the ledger's scripts in the same step."""

from dataclasses import dataclass
from typing import Any

import redis

from jobs import keys
from jobs.model import Job
from jobs.scripts import ledger_errors


@dataclass(frozen=True, slots=True)
class Event:
    """`what` is a state that was entered, or one of: `posted` (the status message), `moved` (the chat has a
    new id), `resumed` and `telling` (claimed in the state in which it was), `released` and `put_off` (handed
    back), `lapsed` (its worker no longer renewed the lease), `unsent` (the paid call has surely not been
    taken), `adopted` (a webhook named the prediction), `cancel_wanted`, `told`, `unheard` (nobody could be
    told).

    `at`: Unix seconds. `who`: the worker process (`host:pid:number`), or `job:ID` for a job that this one
    shares or inherits from; "" where it was neither.
    """

    at: float
    what: str
    who: str = ""


class Trails:
    """Reads trails. Raises LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def of(self, job: Job) -> list[Event]:
        """What happened to a job, the oldest first; of one that has no trail, what its stamps tell."""
        with ledger_errors():
            found: Any = self._redis.lrange(keys.trail(job.id), 0, -1)
        return [parse(entry) for entry in found] or from_stamps(job)


def parse(entry: str) -> Event:
    """Read one event as it is written."""
    at, what, *who = entry.split(" ", 2)
    return Event(int(at) / 1000, what, who[0] if who else "")


def from_stamps(job: Job) -> list[Event]:
    """The states that a job has entered, each when it was entered last."""
    return sorted((Event(at, state) for state, at in job.stamps.items()), key=lambda event: event.at)
