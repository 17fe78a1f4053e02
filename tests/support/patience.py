"""How long tests wait. A busy machine must not make a test fail, and no test may hang forever."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONG_S = 60.0
"""Longest wait (s) for what normally takes a moment: a limit against hanging, no measure of speed."""
_WORK_S = 0.1
_LOOK_S = 0.02


def eventually(look: Callable[[], T | None], within_s: float = LONG_S) -> T:
    """Return the result of `look` once it is true; fail if that takes too long."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {within_s:g} s"
        time.sleep(_LOOK_S)
    return found


def promised(seconds: float) -> float:
    """Return a time that Darkroom promises, in seconds on this machine at this moment.

    On an idle machine it is `seconds`. On a busy one it is longer by the factor by which work takes longer,
    which is measured.
    """
    began, worked = time.monotonic(), time.thread_time()
    while time.thread_time() - worked < _WORK_S:
        pass
    return seconds * max(1.0, (time.monotonic() - began) / _WORK_S)


def one_day(seconds: float) -> None:
    """Wait for midnight (UTC) if it is less than `seconds` away.

    A test of a day's budget must lie within one day.
    """
    left = 86_400 - time.time() % 86_400
    if left < seconds:
        time.sleep(left + 0.1)
