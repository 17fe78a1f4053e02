"""Dashboards as PNG pictures, from the same JSON and the same queries as Grafana's. Needs matplotlib."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from monitoring.dashboards.render import COLUMNS
from monitoring.prometheus_api import Points, Prometheus, Series

Board = dict[str, Any]
_CELL_W, _CELL_H = 0.62, 0.36
"""Inches per cell of Grafana's grid."""
_STEPS = 240
_LONGEST_LEGEND = 8
_LIGHTS = {"green": "#3fa45b", "yellow": "#e0b400", "red": "#d64541"}
_LINES = [*colormaps["tab10"].colors, *colormaps["Set2"].colors]  # type: ignore[attr-defined]


def series_of(target: dict[str, Any], source: Prometheus, start: float, end: float) -> list[Series]:
    """Return the result of a panel's query: for a number now, for a graph from `start` to `end` (Unix s)."""
    if target["instant"]:
        found = source.now(target["expr"])
    else:
        found = source.between(target["expr"], start, end, step_of(start, end))
    return [series for series in found if series.points]


def step_of(start: float, end: float) -> float:
    """Return the seconds between two values of a graph, at least 1."""
    return max(1.0, (end - start) / _STEPS)


def draw(board: Board, source: Prometheus, start: float, end: float, path: Path) -> None:
    """Write all panels of a dashboard into one PNG, arranged as in Grafana."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    figure = Figure(figsize=(COLUMNS * _CELL_W, rows * _CELL_H), facecolor="#f4f5f5")
    for panel in board["panels"]:
        place = panel["gridPos"]
        left, low = place["x"] / COLUMNS, 1 - (place["y"] + place["h"]) / rows
        width, height = place["w"] / COLUMNS, place["h"] / rows
        inch = 1 / (rows * _CELL_H)
        found = [
            (series, target)
            for target in panel["targets"]
            for series in series_of(target, source, start, end)
        ]
        if panel["type"] == "stat":
            box = (left + 0.003, low + 0.08 / rows, width - 0.006, height - 0.16 / rows)
            _number(figure.add_axes(box), panel, [(each, target) for each, target in found])
        else:
            below = (0.34 + 0.16 * _legend_rows(panel, found)) * inch
            box = (left + 0.9 / COLUMNS, low + below, width - 1.2 / COLUMNS, height - below - 0.35 * inch)
            _graph(figure.add_axes(box), panel, found, start, step_of(start, end))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75, format="png")


def name_of(series: Series, legend: str) -> str:
    """Return the name of a series in the legend. As in Grafana, `{{label}}` stands for the label's value."""
    if legend == "__auto":
        return ", ".join(series.labels.values())
    return re.sub(r"{{(\w+)}}", lambda found: series.labels.get(found[1], ""), legend).strip()


def _number(axes: Any, panel: Board, found: list[tuple[Series, Any]]) -> None:
    unit = UNITS[panel["fieldConfig"]["defaults"]["unit"]]
    values = [series.points[-1][1] for series, _ in found]
    light = panel["options"]["colorMode"] == "background"
    colour = _LIGHTS[_step(panel, values[0])] if light and values else "white"
    axes.set_facecolor(colour)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#d8d9da")
    text = "white" if light else "#1f2428"
    axes.text(0.03, 0.93, panel["title"], transform=axes.transAxes, va="top", fontsize=10, color=text)
    names = [name_of(series, target["legendFormat"]) for series, target in found]
    shown = "   ".join(
        f"{name} {unit(value)}".strip() if len(values) > 1 else unit(value)
        for name, value in zip(names, values, strict=True)
    )
    size = 22 if len(values) < 2 else 13
    axes.text(0.5, 0.4, shown, transform=axes.transAxes, ha="center", va="center", fontsize=size, color=text)


def _graph(axes: Any, panel: Board, found: list[tuple[Series, Any]], start: float, step: float) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    unit = UNITS[defaults["unit"]]
    stacked = "stacking" in defaults["custom"]
    names = [name_of(series, target["legendFormat"]) for series, target in found]
    if stacked:
        moments = sorted({at for series, _ in found for at, _ in series.points})
        layers = [[dict(series.points).get(at, 0.0) for at in moments] for series, _ in found]
        axes.stackplot(
            [at - start for at in moments], layers, labels=names, colors=_LINES, alpha=0.8, linewidth=0
        )
    else:
        for (series, _), name, colour in zip(found, names, _LINES * 5, strict=False):
            moments, values = _with_gaps(series.points, step)
            axes.plot(
                [at - start for at in moments],
                values,
                label=name,
                color=colour,
                linewidth=1.3,
            )
    highest = axes.get_ylim()[1]
    line = defaults["thresholds"]["steps"][-1]["value"]
    if line is not None and line < 3 * highest:
        axes.axhline(line, color=_LIGHTS["red"], linewidth=0.8, linestyle="--")
        highest = max(highest, line * 1.1)
    axes.set_ylim(0, highest if highest > 0 else 1)
    axes.set_title(panel["title"], loc="left", fontsize=10)
    axes.yaxis.set_major_formatter(lambda value, _: unit(value))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 1.5, 3, 6]))
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds // 60:.0f}:{seconds % 60:02.0f}")
    axes.tick_params(labelsize=7, color="#d8d9da")
    axes.grid(color="#e6e7e8", linewidth=0.6)
    for side in axes.spines.values():
        side.set_color("#d8d9da")
    axes.legend(
        *_few(axes.get_legend_handles_labels()),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes + ScaledTranslation(-0.3, -0.26, axes.figure.dpi_scale_trans),
        ncols=_columns(panel, names),
        fontsize=7,
        frameon=False,
        borderaxespad=0,
        handlelength=1,
        columnspacing=1,
    )


def _with_gaps(points: Points, step: float) -> tuple[list[float], list[float]]:
    """Return times and values, with a NaN in each gap. Grafana does not join values across a gap either."""
    moments, values = [points[0][0]], [points[0][1]]
    for at, value in points[1:]:
        if at - moments[-1] > 1.5 * step:
            moments.append(at - step)
            values.append(math.nan)
        moments.append(at)
        values.append(value)
    return moments, values


def _columns(panel: Board, names: list[str]) -> int:
    """Return how many names fit side by side below a graph."""
    widest = max((len(name) for name in names), default=1) * 0.062 + 0.35
    return max(1, int(panel["gridPos"]["w"] * _CELL_W / widest))


def _legend_rows(panel: Board, found: list[tuple[Series, Any]]) -> int:
    names = [name_of(series, target["legendFormat"]) for series, target in found][:_LONGEST_LEGEND]
    return -(-len(names) // _columns(panel, names))


def _few(legend: tuple[list[Any], list[str]]) -> tuple[list[Any], list[str]]:
    handles, names = legend
    if len(names) <= _LONGEST_LEGEND:
        return handles, names
    more = f"… {len(names) - _LONGEST_LEGEND + 1} more"
    return handles[:_LONGEST_LEGEND], [*names[: _LONGEST_LEGEND - 1], more]


def _step(panel: Board, value: float) -> str:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return str([step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1])


def _seconds(value: float) -> str:
    if abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def _bytes(value: float) -> str:
    return f"{value / 2**20:.3g} MiB" if value < 2**30 else f"{value / 2**30:.3g} GiB"


UNITS: dict[str, Callable[[float], str]] = {
    "s": _seconds,
    "bytes": _bytes,
    "percentunit": lambda value: f"{value * 100:.3g} %",
    "short": lambda value: f"{value:.4g}",
    "cpm": lambda value: f"{value:.3g}/min",
    "reqps": lambda value: f"{value:.3g}/s",
    "currencyUSD": lambda value: f"${value:.4g}",
}
"""Grafana's names of units -> functions that format a value."""
