"""The audit log: who among the admins did what to whom, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from ledger import keys
from ledger.scripts import ledger_errors

KEPT = 1000
"""Deeds that the log keeps."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`who` is the admin's id, `what` the command ("vip grant"), `whom` the user, lane or broadcast that
    it was done to, `detail` what else was said (a date)."""

    who: int
    what: str
    whom: str
    detail: str = ""
    when: datetime | None = None


def write(client: Any, deed: AuditEntry) -> None:
    """Put a deed into the log. Given a pipeline with a transaction, it lands together with what was done."""
    fields = {"who": deed.who, "what": deed.what, "whom": deed.whom, "detail": deed.detail}
    client.xadd(keys.audit(), fields, maxlen=KEPT, approximate=False)


class AuditLog:
    """Reads the log. Raises LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def latest(self, limit: int = 20, whom: str = "") -> list[AuditEntry]:
        """Return the latest deeds, newest first; with `whom` only those that were done to it."""
        with ledger_errors():
            found: Any = self._redis.xrevrange(keys.audit(), count=KEPT if whom else limit)
        deeds = (_deed(entry_id, fields) for entry_id, fields in found)
        return [deed for deed in deeds if not whom or deed.whom == whom][:limit]


def _deed(entry_id: str, fields: dict[str, str]) -> AuditEntry:
    when = datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1000, UTC)
    return AuditEntry(int(fields["who"]), fields["what"], fields["whom"], fields["detail"], when)
