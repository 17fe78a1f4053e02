"""One request and its answer: how long it may still take, and whether anybody still wants it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from outside.errors import OutOfTime

LOOK_S = 0.25
"""No wait for the network is longer without a look at why it should end."""
Check = Callable[[], None]
"""Raises where the caller has reason to stop."""


@dataclass(frozen=True, slots=True)
class CallBounds:
    """What one request may cost.

    Attributes:
        total_s: Seconds from the request on to the last byte of its answer, connecting included.
        idle_s: Seconds without any byte.
        size: Bytes of the answer's body.
        pace: Bytes a second that must come on average, once `idle_s` has been waited for them; 0 for any.
    """

    total_s: float
    idle_s: float
    size: int
    pace: int = 0


class OutsideCall:
    """A request under way. `waited_s` is the time spent on waiting for `received` bytes: what the other side
    is to be blamed for, as opposed to what the reader does between two reads."""

    def __init__(self, bounds: CallBounds, check: Check) -> None:
        self.bounds = bounds
        self.sent = False
        self.received = 0
        self.waited_s = 0.0
        self.reason: BaseException | None = None
        self._check = check
        self._end = time.monotonic() + bounds.total_s

    def left_s(self) -> float:
        """Return the seconds left, after a look at whether to go on.

        Raises:
            OutOfTime: There are none, or too little has come in those that were.
            BaseException: What the caller's check raises; it is kept as `reason`.
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
    """Return this thread's call; one of moderate bounds where the connection pool does something beside."""
    return _current.get(None) or OutsideCall(_BESIDE, lambda: None)


@contextmanager
def heeding(check: Check) -> Iterator[None]:
    """In the block, have this thread's requests look at `check` several times a second, and end with it."""
    token = _heeded.set(check)
    try:
        yield
    finally:
        _heeded.reset(token)


@contextmanager
def within(seconds: Callable[[], float]) -> Iterator[None]:
    """In the block, have this thread's requests end when no `seconds` are left too, with OutOfTime."""
    before = _heeded.get(_heedless)

    def check() -> None:
        before()
        if seconds() <= 0:
            raise OutOfTime("the time for all of it is over")

    with heeding(check):
        yield


@contextmanager
def begun(bounds: CallBounds) -> Iterator[OutsideCall]:
    """Begin a call of this thread's, which lasts as long as the block."""
    call = OutsideCall(bounds, _heeded.get(_heedless))
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


def _heedless() -> None:
    """Nobody has reason to stop."""
