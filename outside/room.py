"""How many large answers a process holds at a time: reading one takes several times its size."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from outside.call import LOOK_S, OutsideCall

LARGE = 512 * 1024
"""Bytes from which on an answer needs a place."""
_PLACES = threading.BoundedSemaphore(2)


_M_MMAP_THRESHOLD = -3


def give_large_blocks_back() -> None:
    """Have the C library return what large answers took to the system, as soon as it is freed.

    By itself glibc comes to keep some tens of megabytes for each thread that has read one. Others have no
    such knob.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


class RoomTaken:
    """Room for one large answer, taken when it turns out to be large."""

    def __init__(self) -> None:
        self._taken = False
        self._stays = False

    def take(self, call: OutsideCall) -> None:
        """Wait for a place, within the bounds of a call; at once where this is one already."""
        while not self._taken:
            self._taken = _PLACES.acquire(timeout=min(LOOK_S, call.left_s()))

    def keep(self, size: int) -> None:
        """So many bytes of the answer are kept: where these are many, the place is kept with them."""
        self._stays = size >= LARGE

    def leave(self, *, for_good: bool = True) -> None:
        """Give the place to another answer, unless something large stays in it and it is not for good."""
        if self._taken and (for_good or not self._stays):
            self._taken = False
            _PLACES.release()
        self._stays = False


_mine: ContextVar[RoomTaken] = ContextVar("mine")


@contextmanager
def staying() -> Iterator[None]:
    """In the block, what this thread keeps of a large answer may keep its place too."""
    place = RoomTaken()
    token = _mine.set(place)
    try:
        yield
    finally:
        _mine.reset(token)
        place.leave()


@contextmanager
def room() -> Iterator[RoomTaken]:
    """In the block, a place for one answer."""
    mine = _mine.get(None)
    place = mine or RoomTaken()
    try:
        yield place
    finally:
        place.leave(for_good=mine is None)
