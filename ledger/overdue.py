"""When the sweep must look at each job: its lease lapses, its message is late, or its chat was not told."""

import redis

from jobs.model import VERSION
from ledger import counters, keys
from ledger.scripts import Scripts, ledger_errors


class Overdue:
    """A part of the ledger (`Ledger.due`). All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", run: Scripts, lease_s: float) -> None:
        self._redis = client
        self._run = run
        self._lease = round(lease_s * 1000)

    def find(self, limit: int = 100) -> list[str]:
        """Ids of jobs that are overdue now, the longest overdue first, without those whose record only a
        newer release can read."""
        found: list[str] = self._run("overdue", limit, VERSION)
        return found

    def postpone(self, job_id: str, seconds: float) -> bool:
        """Take an overdue job for a look, ending its lapsed lease; False when another was first, or a newer
        release must look at it."""
        return bool(self._run("postpone", job_id, round(seconds * 1000), VERSION))

    def pass_over(self, job_id: str, seconds: float) -> None:
        """This release can make nothing of a job: look again later, and count it for the operator."""
        self.postpone(job_id, seconds)
        with ledger_errors():
            self._redis.hincrby(keys.counts(), counters.JOBS_PASSED_OVER, 1)

    def excuse(self) -> None:
        """Redis was away: leases that lapse before they can be renewed do not count as workers that died."""
        with ledger_errors():
            self._redis.set(keys.excused(), "1", px=self._lease)

    def hasten(self, job_id: str) -> None:
        """Make a waiting job overdue now."""
        with ledger_errors():
            self._redis.zadd(keys.due(), {job_id: 0}, xx=True)
