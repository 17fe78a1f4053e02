"""The jobs that the sweep must look at: lease expired, message late, or chat not told."""

import redis

from jobs.model import VERSION
from ledger import counters, keys
from ledger.scripts import Scripts, ledger_errors


class Overdue:
    """The overdue jobs (`Ledger.due`). All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", run: Scripts, lease_s: float) -> None:
        self._redis = client
        self._run = run
        self._lease = round(lease_s * 1000)

    def find(self, limit: int = 100) -> list[str]:
        """Return the ids of overdue jobs, the longest overdue first.

        Jobs whose record only a newer release can read are left out.
        """
        found: list[str] = self._run("overdue", limit, VERSION)
        return found

    def postpone(self, job_id: str, seconds: float) -> bool:
        """Take an overdue job to look at it, and make it due again after the given seconds.

        An expired lease ends with this call.

        Returns:
            False where another sweep was first, or a newer release must look at the job.
        """
        return bool(self._run("postpone", job_id, round(seconds * 1000), VERSION))

    def pass_over(self, job_id: str, seconds: float) -> None:
        """Postpone a job that this release cannot handle, and count it for the operator."""
        self.postpone(job_id, seconds)
        with ledger_errors():
            self._redis.hincrby(keys.counts(), counters.JOBS_PASSED_OVER, 1)

    def excuse(self) -> None:
        """Set the flag that Redis was unavailable, for the length of a lease.

        Leases that expire in that time do not count as crashes of their workers.
        """
        with ledger_errors():
            self._redis.set(keys.excused(), "1", px=self._lease)

    def hasten(self, job_id: str) -> None:
        """Make a waiting job overdue now."""
        with ledger_errors():
            self._redis.zadd(keys.due(), {job_id: 0}, xx=True)
