"""Measures how late a wait ends in this process: what a due poll waits for the interpreter and for a core.

A wait of EVERY_S is repeated, in the same way in which the process's jobs wait. Each wait is a line "Unix
time, milliseconds too late" in a file of this process in the folder LAG_DIR. As a program (`lag.py`) the
module measures the machine: a process that does nothing else.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

EVERY_S = 0.05


def note(began: float) -> None:
    """Record the delay of a wait that began then (monotonic) and has just ended."""
    late = time.monotonic() - began - EVERY_S
    with (Path(os.environ["LAG_DIR"]) / f"{os.getpid()}.lag").open("a", encoding="ascii") as file:
        file.write(f"{time.time():.3f} {1000 * late:.2f}\n")


def watch(**_: Any) -> None:
    """Measure from now on, in a separate thread (or greenlet)."""
    threading.Thread(target=_watch, name="lag", daemon=True).start()


def _watch() -> None:
    never = threading.Event()
    while True:
        began = time.monotonic()
        never.wait(EVERY_S)
        note(began)


if __name__ == "__main__":
    _watch()
