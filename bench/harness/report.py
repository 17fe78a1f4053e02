"""What every benchmark does with its figures: tables, JSON, and the circumstances of the run."""

import json
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np


def machine() -> dict[str, Any]:
    """Return when and where a run is made: UTC time, cores, memory (GiB), Python, load average (1 min)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile of measured values; 0 if there are none."""
    return float(np.percentile(values, percent)) if len(values) else 0.0


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a Markdown table, ready for docs/benchmarks.md."""
    cells = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures as JSON; create the folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def wait_until_quiet(load: float, patience_s: float) -> None:
    """Wait until the machine's load average is below `load`, for at most `patience_s`; then go on anyway."""
    deadline = time.monotonic() + patience_s
    while os.getloadavg()[0] > load and time.monotonic() < deadline:
        time.sleep(2)
    if os.getloadavg()[0] > load:
        print(f"the machine is busy (load {os.getloadavg()[0]:.2f}); measuring all the same")


def _text(cell: object) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) and abs(cell) < 100 else str(cell)
