"""The trail of a job: what happened to it, written by the ledger's scripts in the same step."""

from typing import Any

import redis

from jobs.life import Event, from_stamps, parse
from jobs.model import Job
from ledger import keys
from ledger.scripts import ledger_errors


class Trails:
    """Reads trails. Raises LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def of(self, job: Job) -> list[Event]:
        """What happened to a job, the oldest first; of one that has no trail, what its stamps tell."""
        with ledger_errors():
            found: Any = self._redis.lrange(keys.trail(job.id), 0, -1)
        return [parse(entry) for entry in found] or from_stamps(job)
