"""What admins switch: blocked users, who get no job, and paused lanes, from which no job is claimed."""

from typing import Any

import redis

from jobs.model import Lane
from ledger import keys
from ledger.admin import audit_log
from ledger.admin.audit_log import AuditEntry, AuditLog
from ledger.scripts import ledger_errors


class Controls:
    """The admins' switches. All methods raise LedgerUnavailable when Redis does not answer.

    The methods that change something write the audit log in the same step (`by` is the admin's id). They
    return whether there was anything to change.

    Attributes:
        log: The reader of the audit log, which also has the entries that other classes write.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self.log = AuditLog(client)

    def block(self, user: int, by: int) -> bool:
        """Admit no more jobs of this user. Jobs that are admitted already go on."""
        return self._switch(keys.blocked(), str(user), AuditEntry(by, "block", str(user)), on=True)

    def unblock(self, user: int, by: int) -> bool:
        """Admit the user's jobs again."""
        return self._switch(keys.blocked(), str(user), AuditEntry(by, "unblock", str(user)), on=False)

    def is_blocked(self, user: int) -> bool:
        """Return whether the user is blocked."""
        with ledger_errors():
            return bool(self._redis.sismember(keys.blocked(), str(user)))

    def pause(self, lane: Lane, by: int) -> bool:
        """Pause a lane: its jobs wait, in their order, and none is claimed. Jobs that run go on."""
        return self._switch(keys.paused(), lane, AuditEntry(by, "pause", lane), on=True)

    def resume(self, lane: Lane, by: int) -> bool:
        """Resume a lane; the sweep publishes the jobs that wait in it."""
        return self._switch(keys.paused(), lane, AuditEntry(by, "resume", lane), on=False)

    def paused(self) -> frozenset[str]:
        """Return the lanes that are paused."""
        with ledger_errors():
            found: Any = self._redis.smembers(keys.paused())
        return frozenset(found)

    def _switch(self, key: str, member: str, deed: AuditEntry, *, on: bool) -> bool:
        with ledger_errors(), self._redis.pipeline() as pipe:
            if on:
                pipe.sadd(key, member)
            else:
                pipe.srem(key, member)
            audit_log.write(pipe, deed)
            return bool(pipe.execute()[0])
