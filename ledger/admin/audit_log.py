"""The audit log: which admin did what, to whom, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from ledger import keys
from ledger.scripts import ledger_errors

KEPT = 1000
"""Number of entries that the log keeps."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log.

    Attributes:
        who: The admin's id.
        what: The command, such as "vip grant".
        whom: The user, lane, budget or broadcast that the command changed.
        detail: The command's further argument, such as a date.
        when: The time of the entry (UTC); None until it is written.
    """

    who: int
    what: str
    whom: str
    detail: str = ""
    when: datetime | None = None


def write(client: Any, deed: AuditEntry) -> None:
    """Add an entry to the log.

    On a transactional pipeline the entry is written in the same step as the change that it records.
    """
    fields = {"who": deed.who, "what": deed.what, "whom": deed.whom, "detail": deed.detail}
    client.xadd(keys.audit(), fields, maxlen=KEPT, approximate=False)


class AuditLog:
    """The reader of the audit log. Raises LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def latest(self, limit: int = 20, whom: str = "") -> list[AuditEntry]:
        """Return the latest entries, newest first; `whom` limits them to one user, lane or broadcast."""
        with ledger_errors():
            found: Any = self._redis.xrevrange(keys.audit(), count=KEPT if whom else limit)
        deeds = (_deed(entry_id, fields) for entry_id, fields in found)
        return [deed for deed in deeds if not whom or deed.whom == whom][:limit]


def _deed(entry_id: str, fields: dict[str, str]) -> AuditEntry:
    when = datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1000, UTC)
    return AuditEntry(int(fields["who"]), fields["what"], fields["whom"], fields["detail"], when)
