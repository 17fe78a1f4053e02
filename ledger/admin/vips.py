"""The VIP users and the last days of their grants."""

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
"""Longest duration (days) of a grant."""


def last_day(text: str, today: date) -> date:
    """Return the last day of a grant that is written as a number of days (30) or a date (2026-12-24).

    Raises ValueError for any other text, for a day in the past, and for a grant of more than LONGEST_DAYS.
    """
    if re.fullmatch(r"[0-9]{1,5}", text):
        day = today + timedelta(days=int(text)) if int(text) <= LONGEST_DAYS else date.max
    else:
        day = date.fromisoformat(text)
    if not today <= day <= today + timedelta(days=LONGEST_DAYS):
        raise ValueError(f"{text!r} is over or too far away")
    return day


class Vips:
    """The VIP grants, which admission and /settings read. A grant ends with its last day in UTC.

    All methods raise LedgerUnavailable when Redis does not answer. The methods that change a grant write the
    audit log in the same step; `by` is the admin's id.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def grant(self, user: int, day: date, by: int) -> None:
        """Make a user a VIP until the end of this day. An earlier grant is replaced."""
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hset(keys.vips(), str(user), round(end.timestamp() * 1000))
            audit_log.write(pipe, AuditEntry(by, "vip grant", str(user), day.isoformat()))
            pipe.execute()

    def revoke(self, user: int, by: int) -> bool:
        """End a user's grant; return False where the user had none."""
        was = self.until(user) is not None
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hdel(keys.vips(), str(user))
            audit_log.write(pipe, AuditEntry(by, "vip revoke", str(user)))
            pipe.execute()
        return was

    def until(self, user: int) -> date | None:
        """Return the last day of the user's grant; None for a regular user."""
        with ledger_errors():
            end: Any = self._redis.hget(keys.vips(), str(user))
        return _in_force(end)

    def all(self) -> list[tuple[int, date]]:
        """Return the VIP users and the last days of their grants, the grant that ends first in front."""
        with ledger_errors():
            found: Any = self._redis.hgetall(keys.vips())
        grants = [(int(user), day) for user, end in found.items() if (day := _in_force(end))]
        return sorted(grants, key=lambda grant: (grant[1], grant[0]))


def _in_force(end: str | None) -> date | None:
    if end is None or int(end) <= time.time() * 1000:
        return None
    return (datetime.fromtimestamp(int(end) / 1000, UTC) - timedelta(milliseconds=1)).date()
