"""The plot of `bench growth`."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")
LINES = {
    "cpu_ms_per_job": ("CPU of all processes", "#c4462d"),
    "redis_cpu_ms_per_job": ("CPU of Redis", "#2d6cc4"),
}


def draw(path: Path, axes: dict[str, list[dict[str, Any]]]) -> None:
    """Draw one panel for each axis: the cost of one job against the size."""
    figure = Figure(figsize=(10, 3.2), dpi=90, layout="constrained")
    places = list(figure.subplots(1, len(axes), sharey=True, squeeze=False).flat)
    for place, (axis, points) in zip(places, axes.items(), strict=True):
        sizes = [point["size"] for point in points]
        for key, (_, color) in LINES.items():
            place.plot(sizes, [point[key] for point in points], "o-", color=color)
        place.set_xscale("log")
        place.set_xlabel(axis)
        place.spines[["top", "right"]].set_visible(False)
    places[0].set_ylabel("ms for each job")
    # The panels share the axis; only now the limit covers all of them.
    places[0].set_ylim(bottom=0)
    handles = [places[0].plot([], [], "o-", color=color, label=name)[0] for name, color in LINES.values()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(LINES), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
