"""Rates in Celery's syntax, read for the token buckets of admission. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.model import Tier

_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"(\d+(?:\.\d+)?)/([smh])(?:, burst (\d+))?")


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `burst` tokens that fills with `per_s` tokens a second."""

    per_s: float
    burst: float


def parse_rate(text: str) -> Rate:
    """`10/m` (Celery's syntax: s, m or h), or with a bucket of another size, `10/m, burst 3`.

    The bucket holds the figure in front of the slash unless a burst is given. Raises ValueError with a
    sentence that says what is expected.
    """
    match = _RATE.fullmatch(text)
    number, unit, burst = match.groups() if match else ("0", "s", None)
    rate = Rate(float(number) / _UNITS[unit], int(burst) if burst else max(1, int(float(number))))
    if rate.per_s <= 0 or rate.burst < 1:
        raise ValueError(f"must be written 10/m or 10/m, burst 3 (s, m or h; above 0), not {text!r}")
    return rate


def user_rates(annotations: Mapping[str, Any]) -> dict[Tier, Rate]:
    """The buckets of one task's annotations (`user_rate_limit`, `vip_user_rate_limit`); absent: no limit."""
    names = {Tier.REGULAR: "user_rate_limit", Tier.VIP: "vip_user_rate_limit"}
    return {tier: parse_rate(annotations[name]) for tier, name in names.items() if annotations.get(name)}
