"""The plot of `bench load`."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

matplotlib.use("Agg")
INK, SOFT, MARK = "#c4462d", "#8a96a3", "#2d6cc4"


def draw(path: Path, runs: list[dict[str, Any]]) -> None:
    """Draw against the number of users: the platform's own latency, the rates, and the use of the machine."""
    figure = Figure(figsize=(11, 3.6), dpi=90, layout="constrained")
    own, rates, use = figure.subplots(1, 3)
    users = [run["users"] for run in runs]
    for key, color, name in (("in_ms", INK, "update to submit"), ("out_ms", MARK, "done to media in chat")):
        own.plot(users, [run[key]["p50"] for run in runs], "o-", color=color, label=f"{name}, p50")
        own.plot(users, [run[key]["p99"] for run in runs], "o:", color=color, label="p99")
    _labelled(own, users, "ms", log=True)
    parts = (("asks_per_s", SOFT, "requests/s"), ("results_per_s", INK, "results/s"))
    for key, color, name in (*parts, ("telegram_calls_per_s", MARK, "Telegram calls/s")):
        rates.plot(users, [run[key] for run in runs], "o-", color=color, label=name)
    _labelled(rates, users, "a second")
    shares = (("", INK, "platform"), ("_stand", SOFT, "stand"), ("_users", MARK, "users"))
    for key, color, name in shares:
        use.plot(users, [100 * run[f"cpu_share{key}"] for run in runs], "o-", color=color, label=name)
    _labelled(use, users, "% of the cores")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _labelled(axes: Axes, users: list[int], unit: str, *, log: bool = False) -> None:
    axes.set_xscale("log")
    axes.set_xticks(users, [f"{each:,}" for each in users], rotation=45, fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel("users")
    axes.set_ylabel(unit)
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    # Above the panel: inside, it would cover a line.
    columns = {"ncols": 2 if log else 3, "columnspacing": 0.8, "handlelength": 1.2, "fontsize": 7}
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.15, 1), **columns)
    axes.spines[["top", "right"]].set_visible(False)
