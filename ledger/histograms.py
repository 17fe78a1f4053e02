"""The histograms of the metrics: their bounds, and their fields in Redis. Pure.

A histogram NAME (`job:wait:image:vip`) is a group of fields in one hash. `NAME:B` counts the observations
above the bound before B and up to B (in thousandths of the unit; `inf` above the last bound). `NAME:sum` is
the sum of the observations in thousandths. All values are whole numbers, which Redis adds up exactly.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""Bounds (s) from a wake-up to the longest deadline; 30 s and 60 s are targets."""
POLLS = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0)

Buckets = list[tuple[float, int]]
"""Pairs of an upper bound (the last is infinity) and a cumulative count."""


def thousandths(bounds: Iterable[float]) -> list[int]:
    """Return the bounds in thousandths, as the ledger writes them."""
    return [round(bound * 1000) for bound in bounds]


def fields_of(name: str, bounds: Sequence[float], value: float) -> dict[str, int]:
    """Return the fields that one observation changes, each with its increment."""
    exact = max(0, round(value * 1000))
    bound = next((str(each) for each in thousandths(bounds) if exact <= each), "inf")
    return {f"{name}:{bound}": 1, f"{name}:sum": exact}


def by_name(fields: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Group the fields of the hash: NAME -> (bound or `sum`) -> value."""
    parted: dict[str, dict[str, int]] = {}
    for field, value in fields.items():
        name, _, last = field.rpartition(":")
        parted.setdefault(name, {})[last] = int(value)
    return parted


def cumulative(counts: Mapping[str, int], bounds: Sequence[float]) -> tuple[Buckets, float]:
    """Return the buckets and the sum (in units) of one histogram.

    A count under a bound of an earlier release goes to the next higher bound of today's.
    """
    kept = {float(bound): count for bound, count in counts.items() if bound != "sum"}
    buckets = [
        (bound, sum(count for at, count in kept.items() if at <= exact))
        for bound, exact in zip(bounds, thousandths(bounds), strict=True)
    ]
    return [*buckets, (math.inf, sum(kept.values()))], counts.get("sum", 0) / 1000
