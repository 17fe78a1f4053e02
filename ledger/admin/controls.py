"""What admins switch: users who get no job, and lanes from which nothing is claimed."""

from typing import Any

import redis

from jobs.model import Lane
from ledger import keys
from ledger.admin import audit_log
from ledger.admin.audit_log import AuditEntry, AuditLog
from ledger.scripts import ledger_errors


class Controls:
    """All methods raise LedgerUnavailable when Redis does not answer. Those that change something write the
    audit log in the same step (`by` is the admin), and answer whether there was anything to change.

    `log` reads the audit log, which has what admins have done here and elsewhere."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self.log = AuditLog(client)

    def block(self, user: int, by: int) -> bool:
        """Admit no more jobs of this user; those that are admitted already go on."""
        return self._switch(keys.blocked(), str(user), AuditEntry(by, "block", str(user)), on=True)

    def unblock(self, user: int, by: int) -> bool:
        """Admit the user's jobs again."""
        return self._switch(keys.blocked(), str(user), AuditEntry(by, "unblock", str(user)), on=False)

    def is_blocked(self, user: int) -> bool:
        """Whether the user gets no job."""
        with ledger_errors():
            return bool(self._redis.sismember(keys.blocked(), str(user)))

    def pause(self, lane: Lane, by: int) -> bool:
        """Start no more jobs of this lane; they wait, in their order, and those that run go on."""
        return self._switch(keys.paused(), lane, AuditEntry(by, "pause", lane), on=True)

    def resume(self, lane: Lane, by: int) -> bool:
        """Go on with the lane; the sweep publishes what waits in it."""
        return self._switch(keys.paused(), lane, AuditEntry(by, "resume", lane), on=False)

    def paused(self) -> frozenset[str]:
        """The lanes that are paused."""
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
