"""What the ledger keeps for each user: active jobs, history, and the choices made in /settings."""

from typing import Any

import redis

from jobs.model import Job
from ledger import keys
from ledger.jobs import Ledger
from ledger.pipeline import SharedPipeline
from ledger.scripts import ledger_errors


class Users:
    """The jobs of one user. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", ledger: Ledger) -> None:
        self._redis = client
        self._ledger = ledger

    def active(self, user: int) -> list[Job]:
        """Return the user's jobs that have not ended, oldest first."""
        return self._jobs(keys.active_of(user), newest_first=False, limit=100)

    def history(self, user: int, limit: int = 10) -> list[Job]:
        """Return the user's latest jobs, newest first; at most `ledger.jobs.HISTORY` are kept."""
        return self._jobs(keys.history_of(user), newest_first=True, limit=limit)

    def _jobs(self, key: str, *, newest_first: bool, limit: int) -> list[Job]:
        with ledger_errors():
            found: Any = self._redis.zrange(key, 0, limit - 1, desc=newest_first)
        jobs = (self._ledger.get(job_id) for job_id in found)
        return [job for job in jobs if job is not None]


class Preferences:
    """The users' choices in /settings. One instance per event loop. All methods raise LedgerUnavailable."""

    def __init__(self, pipeline: SharedPipeline) -> None:
        self._pipeline = pipeline

    async def of(self, user: int) -> dict[str, str]:
        """Return the user's choices by name (`model:image`, `model:video`, `ar:image`, ...)."""
        return dict(await self._pipeline.command("HGETALL", keys.settings_of(user)))

    async def choose(self, user: int, name: str, value: str) -> None:
        """Keep a choice; an empty value goes back to the default."""
        if value:
            await self._pipeline.command("HSET", keys.settings_of(user), name, value)
        else:
            await self._pipeline.command("HDEL", keys.settings_of(user), name)
