"""Budgets: what jobs may cost in a day and in a month, what they have cost, and the admins' changes.

Admission reserves the price of a job, and the ledger settles it when the job is paid or ends; both in
`ledger/lua/shared/budgets.lua`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import redis

from config.budgets import ALL, OFF, PERIODS, PERSON, VIP_PERSON, Limit, dollars
from config.settings import Settings
from ledger import clock, keys
from ledger.admin import audit_log
from ledger.admin.audit_log import AuditEntry
from ledger.scripts import ledger_errors


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget as it stands; amounts are in millionths of a dollar.

    Attributes:
        ends: The budget ends at the beginning of this day (UTC).
        used: What paid jobs have cost; None where each user has a budget of their own.
        reserved: The price of jobs that may still be paid; None as with `used`.
        chosen: Whether an admin has set the budget in the chat.
    """

    period: str
    name: str
    limit: int
    ends: date
    used: int | None
    reserved: int | None
    chosen: bool = False

    @property
    def left(self) -> int | None:
        """What is neither used nor reserved; below 0 where an admin has lowered the budget since."""
        if self.used is None or self.reserved is None:
            return None
        return self.limit - self.used - self.reserved


def next_of(period: str, day: date) -> date:
    """Return the first day of the next period (`day` or `month`) after the one that has this day. Pure."""
    if period == "day":
        return date.fromordinal(day.toordinal() + 1)
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def span_of(period: str, day: date) -> str:
    """Return the period that has this day, as the keys name it: `2026-11-27` or `2026-11`. Pure."""
    return day.isoformat() if period == "day" else f"{day:%Y-%m}"


def written(limit: Limit) -> str:
    """Return a limit as people write it. Pure."""
    return dollars(limit) if isinstance(limit, int) else limit


class Budgets:
    """The budgets of the settings, and those that admins have set in the chat. Raises LedgerUnavailable.

    The methods that change a budget write the audit log in the same step; `by` is the admin's id.
    """

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._redis = client
        self._declared = settings.budgets()

    def all(self) -> list[Budget]:
        """Return the budgets of the current day and then of the current month, by the ledger's clock."""
        with ledger_errors():
            day = datetime.fromtimestamp(clock.ask(self._redis), UTC).date()
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(keys.budgets())
                for period in PERIODS:
                    pipe.hgetall(keys.budget(span_of(period, day)))
                chosen, *booked = pipe.execute()
        return [
            budget
            for period, book in zip(PERIODS, booked, strict=True)
            for budget in self._of(period, day, chosen, book)
        ]

    def set(self, period: str, name: str, limit: Limit, by: int) -> None:
        """Override a budget of the settings with another limit (millionths of a dollar, or OFF)."""
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hset(keys.budgets(), f"{period}:{name}", limit)
            audit_log.write(pipe, AuditEntry(by, "budget", f"{period} {name}", written(limit)))
            pipe.execute()

    def reset(self, period: str, name: str, by: int) -> bool:
        """Return to the settings' budget; return False where no admin had overridden it."""
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hdel(keys.budgets(), f"{period}:{name}")
            audit_log.write(pipe, AuditEntry(by, "budget reset", f"{period} {name}"))
            return bool(pipe.execute()[0])

    def _of(self, period: str, day: date, chosen: dict[str, str], book: dict[str, str]) -> list[Budget]:
        ours = {name.partition(":")[2]: value for name, value in chosen.items() if _is_of(name, period)}
        limits: dict[str, Any] = {**self._declared.of(period), **ours}
        found = []
        for name in sorted(limits, key=lambda name: (name != ALL, name)):
            if limits[name] == OFF:
                continue
            own = name in (PERSON, VIP_PERSON)
            used = int(book.get(f"used:{name}", 0))
            reserved = int(book.get(name, 0)) - used
            found.append(
                Budget(
                    period,
                    name,
                    int(limits[name]),
                    next_of(period, day),
                    None if own else used,
                    None if own else reserved,
                    chosen=name in ours,
                )
            )
        return found


def _is_of(field: str, period: str) -> bool:
    return field.partition(":")[0] == period
