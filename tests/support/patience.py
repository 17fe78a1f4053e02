"""How long tests wait. No test may fail because the machine is busy with other things, nor hang for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONG_S = 60.0
"""Longest wait for something that normally takes a moment: a bound against hanging, no measure of speed."""
_WORK_S = 0.1
_LOOK_S = 0.02


def eventually(look: Callable[[], T | None], within_s: float = LONG_S) -> T:
    """Return what `look` finds, once that is something; fail when it is nothing for too long."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {within_s:g} s"
        time.sleep(_LOOK_S)
    return found


def promised(seconds: float) -> float:
    """Return a time that Darkroom promises, in seconds on this machine as it is now.

    On an idle machine these are the same; on a busy one it is longer by as much as work takes longer there,
    which is measured.
    """
    began, worked = time.monotonic(), time.thread_time()
    while time.thread_time() - worked < _WORK_S:
        pass
    return seconds * max(1.0, (time.monotonic() - began) / _WORK_S)


def one_day(seconds: float) -> None:
    """Wait for midnight (UTC) where it is nearer than this: a test of a day's budget lies within one day."""
    left = 86_400 - time.time() % 86_400
    if left < seconds:
        time.sleep(left + 0.1)
