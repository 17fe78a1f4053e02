"""Memory and processor time of programs with all their child processes."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from sandbox.processes import Program


@contextmanager
def memory_over_time(programs: Sequence[Program]) -> Iterator[list[int]]:
    """Sample `memory` twice a second into the list."""
    seen: list[int] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.5):
            seen.append(memory(programs))

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(10)


def memory(programs: Sequence[Program]) -> int:
    """Return the bytes that the programs hold together; shared pages are divided among their users (PSS)."""
    return sum(info.pss for info in _memory(programs))


def resident(programs: Sequence[Program]) -> int:
    """Return the bytes of the programs' resident sets (RSS); a shared page counts in each."""
    return sum(info.rss for info in _memory(programs))


def cpu_seconds(programs: Sequence[Program]) -> float:
    """Return the processor time (s), user and system, of the programs since their start."""
    used = 0.0
    for process in _family(programs):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def _memory(programs: Sequence[Program]) -> "Iterator[psutil._common.pfullmem]":
    for process in _family(programs):
        try:
            yield process.memory_full_info()
        except psutil.NoSuchProcess:
            continue


def _family(programs: Sequence[Program]) -> Iterator[psutil.Process]:
    for program in programs:
        root = psutil.Process(program.pid)
        yield from (root, *root.children(recursive=True))
