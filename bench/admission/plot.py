"""The plot of `bench admission`."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")


def draw(path: Path, offered: list[float], inside: list[float], target_ms: float) -> None:
    """Plot the distribution of the call times at the offered rate, on a logarithmic scale."""
    figure = Figure(figsize=(6, 3.5), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.ecdf(inside, label="in Redis", color="#c4462d")
    axes.ecdf(offered, label="seen by the client", color="#8a96a3")
    axes.axvline(target_ms, color="#2d6cc4", linestyle="--", label="target for p99 in Redis")
    axes.axhline(0.99, color="#8a96a3", linewidth=0.5)
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds for one admission")
    axes.set_ylabel("share of admissions")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
