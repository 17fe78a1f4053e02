"""A bar chart of a table: one panel of bars for each figure."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")
_COLOR = "#2d6cc4"


def draw(
    path: Path, figures: Mapping[str, Mapping[str, Any]], panels: Mapping[str, Callable[[Any], float]]
) -> None:
    """Draw one panel for each title, with a bar for each name of `figures`.

    Args:
        path: The file to write.
        figures: Name -> its row.
        panels: Title -> a function that takes the panel's value from a row.
    """
    names = list(figures)
    size = (1.2 + 2.4 * len(panels), 0.8 + 0.32 * len(names))
    figure = Figure(figsize=size, dpi=90, layout="constrained")
    places = list(figure.subplots(1, len(panels), sharey=True, squeeze=False).flat)
    for place, (title, value) in zip(places, panels.items(), strict=True):
        bars = place.barh(names, [value(each) for each in figures.values()], color=_COLOR)
        place.bar_label(bars, fmt="%g", padding=3, fontsize=8)
        place.margins(x=0.3)
        place.set_title(title, fontsize=10)
        place.spines[["top", "right"]].set_visible(False)
    places[0].invert_yaxis()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
