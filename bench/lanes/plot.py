"""The plot of `bench lanes`."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.lanes.scenarios import Aging, Compared, Throughput

matplotlib.use("Agg")
INK, SOFT, MARK = "#c4462d", "#8a96a3", "#2d6cc4"


def draw(
    path: Path,
    figures: dict[str, Any],
    vip: Compared,
    throughput: list[Throughput],
    light: Compared,
    aging: Aging,
) -> None:
    """Draw four panels, one for each situation."""
    figure = Figure(figsize=(9, 6), dpi=90, layout="constrained")
    axes = figure.subplots(2, 2).flat
    _shares(axes[0], {"VIP": vip.looked_at, "regular": vip.compared})
    axes[0].set_title("Waits, regular lanes saturated")
    _bars(axes[1], throughput)
    axes[1].set_title("Regular throughput, all lanes saturated")
    _shares(axes[2], {"beside a heavy user": light.looked_at, "alone": light.compared})
    axes[2].set_title("Waits of 20 light users")
    _shares(axes[3], {"users with 3 at once": aging.eager, "all": aging.all})
    axes[3].axvline(figures["wait_bound_s"], color=MARK, linestyle="--", label="bound")
    axes[3].legend(frameon=False)
    axes[3].set_title("Waits in a lane that is kept full")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _shares(axes: Axes, waits: dict[str, list[float]]) -> None:
    for (name, values), color in zip(waits.items(), (INK, SOFT), strict=True):
        axes.ecdf(values, label=f"{name}, p95 {np.percentile(values, 95):.2f} s", color=color)
    axes.set_xlabel("seconds until a slot has the job")
    axes.set_ylabel("share of jobs")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: Axes, found: list[Throughput]) -> None:
    places = np.arange(len(found))
    axes.bar(places - 0.2, [each.alone for each in found], 0.4, color=SOFT, label="without VIP load")
    axes.bar(places + 0.2, [each.beside_vip for each in found], 0.4, color=INK, label="beside it")
    axes.set_xticks(places, [f"{each.lane}\n{each.mix}" for each in found])
    axes.set_ylabel("jobs claimed a second")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
