"""The plot of `bench polling`."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.polling import AT_MOST_PER_S
from bench.polling.lookout import BACKOFF, FIXED, HINTED, OURS

matplotlib.use("Agg")
COLORS = {FIXED.name: "#c9ced4", BACKOFF.name: "#8a96a3", OURS.name: "#c4462d", HINTED.name: "#2d6cc4"}


def draw(path: Path, figures: dict[str, Any]) -> None:
    """Draw requests against lag for each trace, and requests per second against active jobs."""
    figure = Figure(figsize=(10, 6.4), dpi=90, layout="constrained")
    axes = list(figure.subplots(2, 4).flat)
    for place, (trace, found) in zip(axes, figures["traces"].items(), strict=False):
        _points(place, found)
        place.set_title(trace)
    _crowd(axes[6], figures["crowd"], "requests_per_s", "requests/s")
    axes[6].axhline(AT_MOST_PER_S, color="#333333", linestyle=":", linewidth=1)
    _crowd(axes[7], figures["crowd"], "mean_lag_s", "mean lag, s")
    handles = [axes[0].plot([], [], "o", color=color, label=name)[0] for name, color in COLORS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(COLORS), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _points(axes: Axes, found: dict[str, Any]) -> None:
    for name, color in COLORS.items():
        axes.plot(found[name]["requests_per_job"], found[name]["mean_lag_s"], "o", color=color)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xlim(0.8, 80)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("requests per job")
    axes.set_ylabel("mean lag, s")
    axes.spines[["top", "right"]].set_visible(False)


def _crowd(axes: Axes, crowd: dict[str, Any], key: str, label: str) -> None:
    for name, color in COLORS.items():
        points = [(int(active), found[name][key]) for active, found in crowd.items() if name in found]
        axes.plot(*zip(*points, strict=True), "o-", color=color) if points else None
    axes.set_xlabel("active jobs")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.set_title("many at once")
    axes.spines[["top", "right"]].set_visible(False)
