"""A limit on the large responses in a process at a time: parsing one takes several times its size."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from outside.call import LOOK_S, OutsideCall

LARGE = 512 * 1024
"""Bytes from which on a response needs a place."""
_PLACES = threading.BoundedSemaphore(2)


_M_MMAP_THRESHOLD = -3


def give_large_blocks_back() -> None:
    """Have the C library return the memory of large responses to the system as soon as it is freed.

    Without this, glibc keeps some tens of megabytes for each thread that has read one. Other C libraries have
    no such setting.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


class RoomTaken:
    """A place for one large response. It is taken when the response turns out to be large."""

    def __init__(self) -> None:
        self._taken = False
        self._stays = False

    def take(self, call: OutsideCall) -> None:
        """Wait for a place, within the bounds of a call. Return at once if it is taken already."""
        while not self._taken:
            self._taken = _PLACES.acquire(timeout=min(LOOK_S, call.left_s()))

    def keep(self, size: int) -> None:
        """Say how many bytes of the response stay in memory. From `LARGE` on, the place stays taken."""
        self._stays = size >= LARGE

    def leave(self, *, for_good: bool = True) -> None:
        """Release the place. With `for_good` False it stays taken while something large is kept."""
        if self._taken and (for_good or not self._stays):
            self._taken = False
            _PLACES.release()
        self._stays = False


_mine: ContextVar[RoomTaken] = ContextVar("mine")


@contextmanager
def staying() -> Iterator[None]:
    """In the block, let this thread hold a place for as long as it keeps a large part of a response."""
    place = RoomTaken()
    token = _mine.set(place)
    try:
        yield
    finally:
        _mine.reset(token)
        place.leave()


@contextmanager
def room() -> Iterator[RoomTaken]:
    """In the block, provide the place for one response. Only a large response takes it."""
    mine = _mine.get(None)
    place = mine or RoomTaken()
    try:
        yield place
    finally:
        place.leave(for_good=mine is None)
