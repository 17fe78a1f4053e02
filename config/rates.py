"""Rates in Celery's syntax: `10/m`. Pure."""

import re
from dataclasses import dataclass

_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"(\d+(?:\.\d+)?)/([smh])(?:, burst (\d+))?")


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket of size `burst` that gains `per_s` tokens a second."""

    per_s: float
    burst: float


def parse_rate(text: str) -> Rate:
    """Read a rate such as `10/m` (Celery's syntax: s, m or h) or `10/m, burst 3`.

    Without a burst, the size of the bucket is the number before the slash. Raises ValueError with a sentence
    that says what is expected.
    """
    match = _RATE.fullmatch(text)
    number, unit, burst = match.groups() if match else ("0", "s", None)
    rate = Rate(float(number) / _UNITS[unit], int(burst) if burst else max(1, int(float(number))))
    if rate.per_s <= 0 or rate.burst < 1:
        raise ValueError(f"must be written 10/m or 10/m, burst 3 (s, m or h; above 0), not {text!r}")
    return rate


def rate_problem(name: str, text: str, *, burst: bool = True) -> str:
    """Return a sentence about the error in the rate of the setting `name`; "" where there is none.

    An empty rate is no limit. `burst`: whether the rate may have a burst.
    """
    if not text:
        return ""
    if not burst and "," in text:
        return f"{name} must be written 10/m: Celery's own rate knows no burst, not {text!r}."
    try:
        parse_rate(text)
    except ValueError as error:
        return f"{name} {error}."
    return ""
