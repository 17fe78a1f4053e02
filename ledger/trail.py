"""The trail of a job: its events, each written by the ledger's script in the step that caused it."""

from typing import Any

import redis

from jobs.life import Event, from_stamps, parse
from jobs.model import Job
from ledger import keys
from ledger.scripts import ledger_errors


class Trails:
    """The reader of trails. Raises LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def of(self, job: Job) -> list[Event]:
        """Return the events of a job, the oldest first; without a trail, those that the job's stamps tell."""
        with ledger_errors():
            found: Any = self._redis.lrange(keys.trail(job.id), 0, -1)
        return [parse(entry) for entry in found] or from_stamps(job)
