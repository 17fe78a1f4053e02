"""The jobs of a ledger that was restored from a snapshot, and the states from which they go on."""

from typing import Any

import redis

from jobs.model import Artifact, Job
from jobs.states import ACTIVE, ENDED, State
from ledger import keys
from ledger.admin.broadcasts import Broadcasts, Phase
from ledger.jobs import Ledger
from ledger.scripts import Scripts, ledger_errors


class Restored:
    """The restored ledger, for the one process that restores, before any other process starts.

    All methods raise LedgerUnavailable.
    """

    def __init__(self, client: "redis.Redis", ledger: Ledger, broadcasts: Broadcasts) -> None:
        self._redis = client
        self._run = Scripts(client)
        self._ledger = ledger
        self._broadcasts = broadcasts

    def open_jobs(self) -> list[Job]:
        """Return all jobs that have not ended, and those whose end the chat was not told."""
        found: dict[str, None] = {}
        with ledger_errors():
            for key in (*map(keys.in_state, sorted(ACTIVE)), keys.due()):
                members: Any = self._redis.zrange(key, 0, -1)
                found |= dict.fromkeys(members)
        jobs = (self._ledger.get(job_id) for job_id in found)
        return [job for job in jobs if job is not None and not (job.state in ENDED and job.told)]

    def settle(self, job: Job, taken_ms: int, artifact: Artifact | None, *, quiet: bool) -> State:
        """Make a job go on, and return the state from which it does.

        Args:
            taken_ms: The time of the snapshot (ms).
            artifact: The job's file, if the media store has one.
            quiet: Whether nothing has happened since the snapshot, so that the job goes on from its state.
        """
        media = (artifact.key, artifact.mime, artifact.size) if artifact else ("", "", 0)
        return State(self._run("restored", job.id, taken_ms, "0" if quiet else "1", *media))

    def end_broadcast(self, broadcast_id: str) -> bool:
        """Stop a broadcast, as users who got it after the snapshot would get it again.

        Returns:
            False where the broadcast had ended.
        """
        found = self._broadcasts.get(broadcast_id)
        if found is None:
            return False
        if found.phase is Phase.DRAFT:
            return self._broadcasts.drop(broadcast_id)
        return found.phase is Phase.RUNNING and self._broadcasts.stop(broadcast_id, by=0)
