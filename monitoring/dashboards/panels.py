"""The parts of a dashboard, and the forms that most queries have. Pure.

All exporters export the same values, so every query takes the maximum over them before it adds anything up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WINDOW = "$__rate_interval"
"""Grafana's variable for a window of at least four scrapes."""


class Look(StrEnum):
    """How a panel shows its queries."""

    LIGHT = "light"  # a number on a green, yellow or red background
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
    """A panel.

    Attributes:
        title: Its heading.
        about: Its description.
        unit: Grafana's name of the unit.
        queries: What it shows.
        look: How it shows them.
        steps: The values from which a light turns yellow, then red; if they fall, below which it does so.
            A graph has a line at the last one.
        width: Columns of the grid.
    """

    title: str
    about: str
    unit: str
    queries: Sequence[Query]
    look: Look = Look.GRAPH
    steps: Sequence[float] = ()
    width: int = 8


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard. `uid` is its name in URLs and file names."""

    uid: str
    title: str
    about: str
    panels: Sequence[Panel]


def rate(metric: str, by: str = "", only: str = "") -> str:
    """Return the query for a counter's increase per second, summed by the labels in `by`.

    Args:
        metric: The metric's name.
        by: The labels, separated by commas; "" sums everything up.
        only: Label matchers that select the series; "" for all.
    """
    return _sum(f"max without (instance) (rate({metric}{_where(only)}[{WINDOW}]))", by)


def per_minute(metric: str, by: str = "", only: str = "") -> str:
    """Return the query for a counter's increase per minute; see `rate`."""
    return f"60 * {rate(metric, by, only)}"


def total(metric: str, by: str = "", only: str = "") -> str:
    """Return the query for the value of a gauge or counter; for `by` and `only` see `rate`."""
    return _sum(f"max without (instance) ({metric}{_where(only)})", by)


def quantile(share: float, histogram: str, by: str = "", only: str = "") -> str:
    """Return the query for a quantile of a histogram's recent observations; `share` 0.95 is p95."""
    labels = ", ".join(filter(None, ("le", by)))
    buckets = f"max without (instance) (rate({histogram}_bucket{_where(only)}[{WINDOW}]))"
    return f"histogram_quantile({share:g}, sum by ({labels}) ({buckets}))"


def quantiles(histogram: str, by: str = "", only: str = "") -> list[Query]:
    """Return the queries for p50, p95 and p99."""
    name = f" {{{{{by}}}}}" if by else ""
    return [
        Query(quantile(share, histogram, by, only), f"p{share * 100:g}{name}") for share in (0.5, 0.95, 0.99)
    ]


def _where(only: str) -> str:
    return f"{{{only}}}" if only else ""


def _sum(expr: str, by: str) -> str:
    return f"sum by ({by}) ({expr})" if by else f"sum({expr})"
