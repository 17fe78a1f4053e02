"""A picture of a job's history: which worker held the job when, and in which state. Needs matplotlib."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from jobs.life import Life
from jobs.states import State

_COLOURS = {
    State.ACCEPTED: "#c9ccd1",
    State.QUEUED: "#c9ccd1",
    State.SHARING: "#d9c6e8",
    State.CLAIMED: "#f2c14e",
    State.SUBMITTING: "#f78154",
    State.UNKNOWN: "#b4436c",
    State.RUNNING: "#4d9078",
    State.STORING: "#a7c957",
    State.STORED: "#98a1ab",
    State.DELIVERING: "#3f88c5",
    State.DELIVERED: "#2a9d47",
    State.FAILED: "#c0392b",
    State.CANCELLED: "#7f8c8d",
}
_MARKED = {
    "posted": "o",
    "unsent": "v",
    "put_off": ">",
    "released": "<",
    "lapsed": "X",
    "resumed": "^",
    "adopted": "*",
    "cancel_wanted": "s",
    "told": "D",
    "unheard": "d",
    "moved": "o",
}
_OTHER = "#e3e5e8"
_NOBODY = "nobody"


def draw(life: Life, path: Path) -> None:
    """Write the timeline to `path` (PNG).

    It has a line per worker process, a bar per state, and a mark per event that is not a change of state. Its
    axis shows the seconds since the job was accepted.
    """
    lines = [_NOBODY, *life.workers]
    start = life.events[0].at
    figure = Figure(figsize=(11, 1.7 + 0.55 * len(lines)), layout="constrained")
    axes: Any = figure.subplots()
    shown: dict[str, Any] = {}
    for part in life.parts():
        line = lines.index(part.who or _NOBODY)
        bar = axes.barh(
            line, part.end - part.start, left=part.start - start, color=_COLOURS.get(part.state, _OTHER)
        )
        shown.setdefault(part.state, bar)
    for event in life.events:
        if mark := _MARKED.get(event.what):
            line = lines.index(event.who) if event.who in lines else 0
            (point,) = axes.plot(
                event.at - start, line, mark, color="black", markersize=7, markerfacecolor="white"
            )
            shown.setdefault(event.what, point)
    axes.set_yticks(range(len(lines)), lines)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xlabel("seconds since the job was accepted")
    axes.set_title(_title(life), loc="left", fontsize=11)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(
        shown.values(), shown.keys(), loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, format="png")


def _title(life: Life) -> str:
    job = life.job
    why = f" ({job.failure})" if job.failure else ""
    return f"{job.id}: {job.request.kind} by {job.request.model}, {job.lane}, {job.state}{why}"
