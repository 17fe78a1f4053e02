"""What a dashboard is made of, and the forms that most queries have. Pure.

Any number of exporters tell the same, so every query takes the largest of them before it adds anything up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WINDOW = "$__rate_interval"
"""Grafana puts in at least four scrapes."""


class Look(StrEnum):
    """How a panel shows its queries."""

    LIGHT = "light"  # one number on green, yellow or red
    NUMBER = "number"
    GRAPH = "graph"
    STACK = "stack"  # a graph whose lines add up


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; `legend` names its series, with `{{label}}` for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's name of it. `steps`: where a light turns yellow, then red (falling: below which);
    a graph draws a line at the last."""

    title: str
    about: str
    unit: str
    queries: Sequence[Query]
    look: Look = Look.GRAPH
    steps: Sequence[float] = ()
    width: int = 8


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid` is its name in addresses and files."""

    uid: str
    title: str
    about: str
    panels: Sequence[Panel]


def rate(metric: str, by: str = "", only: str = "") -> str:
    """What a counter grows by in a second, added up by these labels."""
    return _sum(f"max without (instance) (rate({metric}{_where(only)}[{WINDOW}]))", by)


def per_minute(metric: str, by: str = "", only: str = "") -> str:
    """The same for a minute."""
    return f"60 * {rate(metric, by, only)}"


def total(metric: str, by: str = "", only: str = "") -> str:
    """A gauge or counter as it is, added up by these labels."""
    return _sum(f"max without (instance) ({metric}{_where(only)})", by)


def quantile(share: float, histogram: str, by: str = "", only: str = "") -> str:
    """A quantile of what was observed lately."""
    labels = ", ".join(filter(None, ("le", by)))
    buckets = f"max without (instance) (rate({histogram}_bucket{_where(only)}[{WINDOW}]))"
    return f"histogram_quantile({share:g}, sum by ({labels}) ({buckets}))"


def quantiles(histogram: str, by: str = "", only: str = "") -> list[Query]:
    """p50, p95 and p99."""
    name = f" {{{{{by}}}}}" if by else ""
    return [
        Query(quantile(share, histogram, by, only), f"p{share * 100:g}{name}") for share in (0.5, 0.95, 0.99)
    ]


def _where(only: str) -> str:
    return f"{{{only}}}" if only else ""


def _sum(expr: str, by: str) -> str:
    return f"sum by ({by}) ({expr})" if by else f"sum({expr})"
