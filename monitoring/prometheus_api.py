"""A client for the queries that Grafana sends to Prometheus."""

import math
from dataclasses import dataclass
from typing import Any, Self

import httpx

from jobs.errors import DarkroomError

Labels = dict[str, str]
Points = list[tuple[float, float]]


class QueryRefused(DarkroomError):
    """Prometheus rejects an expression; the message quotes its reason."""


@dataclass(frozen=True, slots=True)
class Series:
    """The points (Unix seconds, value) of one combination of labels."""

    labels: Labels
    points: Points


class Prometheus:
    """A client of the server at `url`, as a context manager. `window` replaces Grafana's `$__rate_interval`.

    Methods raise QueryRefused, and httpx.HTTPError if the server does not answer within 20 s.
    """

    def __init__(self, url: str, window: str = "1m") -> None:
        self._http = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self._window = window

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def now(self, expr: str) -> list[Series]:
        """Return the present values of an expression."""
        found = self._ask("query", query=expr)
        return [Series(each["metric"], _points([each["value"]])) for each in found]

    def between(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """Return the values of an expression from `start` to `end` (Unix seconds), every `step` seconds."""
        found = self._ask("query_range", query=expr, start=start, end=end, step=step)
        return [Series(each["metric"], _points(each["values"])) for each in found]

    def _ask(self, what: str, **query: Any) -> list[Any]:
        query["query"] = query["query"].replace("$__rate_interval", self._window)
        answer = self._http.get(f"/api/v1/{what}", params=query).json()
        if answer["status"] != "success":
            raise QueryRefused(f"{answer['error']}: {query['query']}")
        return list(answer["data"]["result"])


def _points(values: list[Any]) -> Points:
    """Return the points whose values are finite. Grafana does not draw the others (0 / 0) either."""
    points = [(float(at), float(value)) for at, value in values]
    return [(at, value) for at, value in points if math.isfinite(value)]
