"""One request and its response: the time it has left, and whether the caller still wants the response."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from outside.errors import OutOfTime

LOOK_S = 0.25
"""Longest wait for the network (s) between two checks whether the call should end."""
Check = Callable[[], None]
"""Raises an error if the caller has a reason to stop."""


@dataclass(frozen=True, slots=True)
class CallBounds:
    """The bounds of one request.

    Attributes:
        total_s: Seconds from the request, connecting included, to the last byte of the response.
        idle_s: Seconds without a byte.
        size: Bytes of the response body.
        pace: Average bytes per second that must arrive, after `idle_s` of waiting; 0 for no minimum.
    """

    total_s: float
    idle_s: float
    size: int
    pace: int = 0


class OutsideCall:
    """A request in progress.

    Attributes:
        bounds: What it may cost.
        sent: Some of the request was sent, so it may have arrived.
        received: Bytes received.
        waited_s: Seconds spent waiting for the network, without the reader's own work between two reads.
        reason: The error with which the caller's check ended the call, None if it did not.
    """

    def __init__(self, bounds: CallBounds, check: Check) -> None:
        self.bounds = bounds
        self.sent = False
        self.received = 0
        self.waited_s = 0.0
        self.reason: BaseException | None = None
        self._check = check
        self._end = time.monotonic() + bounds.total_s

    def left_s(self) -> float:
        """Return the seconds left, after asking the caller's check whether to go on.

        Raises:
            OutOfTime: No time is left, or the response arrives too slowly.
            BaseException: The error of the caller's check, which is also kept as `reason`.
        """
        try:
            self._check()
        except BaseException as reason:
            self.reason = reason
            raise
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTime(f"took longer than {self.bounds.total_s:g} s")
        if self.bounds.pace and self.waited_s > self.bounds.idle_s + self.received / self.bounds.pace:
            raise OutOfTime(f"only {self.received} bytes in {self.waited_s:.1f} s")
        return left


_heeded: ContextVar[Check] = ContextVar("heeded")
_current: ContextVar[OutsideCall] = ContextVar("current")
_BESIDE = CallBounds(total_s=30.0, idle_s=30.0, size=0)


def current() -> OutsideCall:
    """Return this thread's call; outside of any (the connection pool's own work) one of at most 30 s."""
    return _current.get(None) or OutsideCall(_BESIDE, lambda: None)


@contextmanager
def heeding(check: Check) -> Iterator[None]:
    """In the block, have this thread's requests call `check` several times a second, and end if it raises."""
    token = _heeded.set(check)
    try:
        yield
    finally:
        _heeded.reset(token)


@contextmanager
def within(seconds: Callable[[], float]) -> Iterator[None]:
    """In the block, also end this thread's requests with OutOfTime when `seconds()` is 0 or less."""
    before = _heeded.get(_heedless)

    def check() -> None:
        before()
        if seconds() <= 0:
            raise OutOfTime("the time for all of it is over")

    with heeding(check):
        yield


@contextmanager
def begun(bounds: CallBounds) -> Iterator[OutsideCall]:
    """Make a call the current one of this thread, until the block ends."""
    call = OutsideCall(bounds, _heeded.get(_heedless))
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


def _heedless() -> None:
    """Accept every call: the check of a caller that never stops."""
