"""A picture of a table: a panel of bars for each figure."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")
_COLOR = "#2d6cc4"


def draw(path: Path, panels: Mapping[str, Mapping[str, float]]) -> None:
    """One panel for each title, with a bar and its value for each name; all panels have the same names."""
    names = list(next(iter(panels.values())))
    size = (1.2 + 2.4 * len(panels), 0.8 + 0.32 * len(names))
    figure = Figure(figsize=size, dpi=90, layout="constrained")
    places = list(figure.subplots(1, len(panels), sharey=True, squeeze=False).flat)
    for place, (title, values) in zip(places, panels.items(), strict=True):
        bars = place.barh(names, [values[name] for name in names], color=_COLOR)
        place.bar_label(bars, fmt="%g", padding=3, fontsize=8)
        place.margins(x=0.3)
        place.set_title(title, fontsize=10)
        place.spines[["top", "right"]].set_visible(False)
    places[0].invert_yaxis()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
