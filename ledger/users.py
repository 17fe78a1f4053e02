"""What the ledger keeps about a user beside jobs: choices made in /settings, active jobs, history."""

from typing import Any

import redis

from jobs.model import Job
from ledger import keys
from ledger.jobs import Ledger
from ledger.scripts import ledger_errors


class Users:
    """Per-user reads and choices. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", ledger: Ledger) -> None:
        self._redis = client
        self._ledger = ledger

    def choices(self, user: int) -> dict[str, str]:
        """What the user has chosen, by name (`model:image`, `model:video`, `ar:image`, ...)."""
        with ledger_errors():
            found: Any = self._redis.hgetall(keys.settings_of(user))
        return dict(found)

    def choose(self, user: int, name: str, value: str) -> None:
        """Keep a choice; an empty value goes back to the default."""
        with ledger_errors():
            if value:
                self._redis.hset(keys.settings_of(user), name, value)
            else:
                self._redis.hdel(keys.settings_of(user), name)

    def active(self, user: int) -> list[Job]:
        """The user's jobs that have not ended, oldest first."""
        return self._jobs(keys.active_of(user), newest_first=False, limit=100)

    def history(self, user: int, limit: int = 10) -> list[Job]:
        """The user's latest jobs, newest first; at most `ledger.jobs.HISTORY` are kept."""
        return self._jobs(keys.history_of(user), newest_first=True, limit=limit)

    def _jobs(self, key: str, *, newest_first: bool, limit: int) -> list[Job]:
        with ledger_errors():
            found: Any = self._redis.zrange(key, 0, limit - 1, desc=newest_first)
        jobs = (self._ledger.get(job_id) for job_id in found)
        return [job for job in jobs if job is not None]
