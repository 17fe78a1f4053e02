"""VIP users: who is one, and until when."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import redis

from ledger import keys
from ledger.admin import audit_log
from ledger.admin.audit_log import AuditEntry
from ledger.scripts import ledger_errors

LONGEST_DAYS = 3650
"""A grant may last this long."""


def last_day(text: str, today: date) -> date:
    """The last day of a grant that is written as a number of days (30) or a date (2026-12-24).

    Raises ValueError for anything else, for a day that is over, and beyond LONGEST_DAYS.
    """
    if re.fullmatch(r"[0-9]{1,5}", text):
        day = today + timedelta(days=int(text)) if int(text) <= LONGEST_DAYS else date.max
    else:
        day = date.fromisoformat(text)
    if not today <= day <= today + timedelta(days=LONGEST_DAYS):
        raise ValueError(f"{text!r} is over or too far away")
    return day


class Vips:
    """The grants; admission and /settings go by them. A grant holds to the end of its last day, in UTC.

    All methods raise LedgerUnavailable when Redis does not answer. `by` is the admin, for the audit log,
    which is written in the same step.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def grant(self, user: int, day: date, by: int) -> None:
        """Make a user a VIP until this day, whatever they were before."""
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hset(keys.vips(), str(user), round(end.timestamp() * 1000))
            audit_log.write(pipe, AuditEntry(by, "vip grant", str(user), day.isoformat()))
            pipe.execute()

    def revoke(self, user: int, by: int) -> bool:
        """End a grant; False where there was none."""
        was = self.until(user) is not None
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hdel(keys.vips(), str(user))
            audit_log.write(pipe, AuditEntry(by, "vip revoke", str(user)))
            pipe.execute()
        return was

    def until(self, user: int) -> date | None:
        """The last day of the user's grant; None for a regular user."""
        with ledger_errors():
            end: Any = self._redis.hget(keys.vips(), str(user))
        return _in_force(end)

    def all(self) -> list[tuple[int, date]]:
        """The users whose grant is in force and its last day, those that end first in front."""
        with ledger_errors():
            found: Any = self._redis.hgetall(keys.vips())
        grants = [(int(user), day) for user, end in found.items() if (day := _in_force(end))]
        return sorted(grants, key=lambda grant: (grant[1], grant[0]))


def _in_force(end: str | None) -> date | None:
    if end is None or int(end) <= time.time() * 1000:
        return None
    return (datetime.fromtimestamp(int(end) / 1000, UTC) - timedelta(milliseconds=1)).date()
