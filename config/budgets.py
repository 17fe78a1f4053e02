"""The budgets of the settings, written as `20, replicate:10, video:5, person:1`. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

MILLIONTHS = 1_000_000
"""Money is counted in whole millionths of a US dollar, so that sums are exact."""
OFF = "off"
"""Written in place of an amount where there is no such budget."""
ALL, PERSON, VIP_PERSON = "all", "person", "vip-person"
RESERVED = (ALL, PERSON, VIP_PERSON, "regular", "vip", "image", "video")
"""Budget names with a fixed meaning: all jobs together, each user, each VIP user (in place of the budget for
each user), all regular or VIP users together, all pictures, all videos. Any other name is that of a provider
or a model."""
PERIODS = ("day", "month")
_AMOUNT = re.compile(r"\d{1,9}(?:\.(\d{1,6}))?")

Limit = int | str
"""Millionths of a dollar, or OFF."""
Limits = Mapping[str, Limit]
"""The budgets of one period: what jobs may cost in it, by the budget's name."""


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """The budgets of the settings for both periods."""

    day: Limits
    month: Limits

    def of(self, period: str) -> Limits:
        """Return the budgets of a period, `day` or `month`."""
        return self.day if period == "day" else self.month

    def by_period(self) -> dict[str, dict[str, Limit]]:
        """Return all budgets as the ledger's scripts take them."""
        return {period: dict(self.of(period)) for period in PERIODS}


def parse_amount(text: str) -> Limit:
    """Read an amount in US dollars (`25`, `0.5`) or `off`.

    Raises ValueError with a sentence that says what is expected.
    """
    if text == OFF:
        return OFF
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise ValueError(f"must be an amount in US dollars such as 25 or 0.5, or off, not {text!r}")
    return int(text.partition(".")[0]) * MILLIONTHS + int((match[1] or "").ljust(6, "0"))


def parse_limits(text: str) -> dict[str, Limit]:
    """Read the budgets of one period: `20` is for all jobs together, `NAME:10` for the jobs of one name.

    Raises ValueError with a sentence that says what is expected.
    """
    found: dict[str, Limit] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        head, colon, amount = (part.strip() for part in entry.rpartition(":"))
        name = head if colon else ALL
        if not re.fullmatch(r"[\w./-]+", name):
            raise ValueError(f"must be written 20, replicate:10, person:1 (US dollars), not {text!r}")
        try:
            limit = parse_amount(amount)
        except ValueError as error:
            raise ValueError(f"{error} ({name})") from error
        if name in found:
            raise ValueError(f"names {name} twice")
        found[name] = limit
    return found


def budgets_of(day: str, month: str) -> BudgetSettings:
    """Read the budgets of BUDGET_DAY_USD and BUDGET_MONTH_USD, which have been checked."""
    return BudgetSettings(parse_limits(day), parse_limits(month))


def problem_of(name: str, text: str) -> str:
    """Return a sentence about the error in the setting `name`; "" where there is none."""
    try:
        parse_limits(text)
    except ValueError as error:
        return f"{name} {error}."
    return ""


def unknown(limits: Limits, known: Collection[str]) -> Iterator[str]:
    """Yield the names of budgets that are neither reserved nor those of known providers and models."""
    yield from (name for name in limits if name not in RESERVED and name not in known)


def dollars(millionths: int) -> str:
    """Return an amount as text, such as $0.50, with as many further digits as it takes to be exact."""
    whole, rest = divmod(abs(millionths), MILLIONTHS)
    cents = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if millionths < 0 else ''}${whole}.{cents}"
