"""How large and how long a video is, read from the boxes of an MP4 or QuickTime file. Pure.

Telegram looks into files of up to about 10 MB alone: of a larger one it shows what it is told, else a
square of no length. Only the boxes are read, never the frames, and of a broken file nothing is known.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_BOXES = 1000
"""Boxes that are looked at in one file; videos that models make have about fifty."""
_MOST_HEAD = 256
"""Bytes of one box that are read."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Width and height in pixels as a player shows them, duration in whole seconds; 0 is unknown."""

    width: int = 0
    height: int = 0
    duration: int = 0


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def shape_of(file: BinaryIO) -> Shape:
    """Look into a seekable file; it is left wherever the look ended. OSError of the file passes through."""
    try:
        return _shape(file)
    except (struct.error, ValueError, ZeroDivisionError, OverflowError):
        return Shape()


def _shape(file: BinaryIO) -> Shape:
    size = file.seek(0, 2)
    budget = _Budget()
    movie = next((box for box in _boxes(file, 0, size, budget) if box.name == b"moov"), None)
    if movie is None:
        return Shape()
    width = height = 0
    scale = ticks = fragments = 0
    for box in _boxes(file, movie.start, movie.end, budget):
        if box.name == b"mvhd":
            scale, ticks = _movie_header(_head(file, box))
        elif box.name == b"mvex":
            fragments = max(fragments, _fragments(file, box, budget))
        elif box.name == b"trak" and not width:
            width, height = _track(file, box, budget)
    ticks = ticks or fragments
    return Shape(width, height, max(1, round(ticks / scale)) if ticks else 0)


class _Budget:
    """Boxes that may still be looked at: a file of nothing but headers takes no longer than any other."""

    def __init__(self) -> None:
        self.left = _MOST_BOXES

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError("more boxes than any video has")


def _boxes(file: BinaryIO, start: int, end: int, budget: _Budget) -> Iterator[_Box]:
    """The boxes that stand between two offsets, one after another."""
    while start + 8 <= end:
        budget.spend()
        file.seek(start)
        length, name = struct.unpack(">I4s", file.read(8))
        begin = start + 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            begin += 8
        stop = start + length if length else end
        if stop < begin or stop > end:
            raise ValueError("a box that is longer than the one around it")
        yield _Box(name, begin, stop)
        start = stop


def _head(file: BinaryIO, box: _Box) -> bytes:
    file.seek(box.start)
    return file.read(min(_MOST_HEAD, box.end - box.start))


def _movie_header(head: bytes) -> tuple[int, int]:
    """Ticks of a second, and of the whole film. All ones stand for a duration that is not known."""
    if head[0] == 1:
        scale, ticks = struct.unpack_from(">IQ", head, 20)
        return scale, 0 if ticks == 2**64 - 1 else ticks
    scale, ticks = struct.unpack_from(">II", head, 12)
    return scale, 0 if ticks == 2**32 - 1 else ticks


def _fragments(file: BinaryIO, extends: _Box, budget: _Budget) -> int:
    """The duration of a film in fragments, in ticks of the film; its header has none."""
    for box in _boxes(file, extends.start, extends.end, budget):
        if box.name == b"mehd":
            head = _head(file, box)
            (ticks,) = struct.unpack_from(">Q" if head[0] == 1 else ">I", head, 4)
            return int(ticks)
    return 0


def _track(file: BinaryIO, track: _Box, budget: _Budget) -> tuple[int, int]:
    """Width and height of a track as it is shown; (0, 0) for one without a picture."""
    for box in _boxes(file, track.start, track.end, budget):
        if box.name == b"tkhd":
            head = _head(file, box)
            at = 52 if head[0] == 1 else 40
            a, b = struct.unpack_from(">ii", head, at)
            width, height = (side >> 16 for side in struct.unpack_from(">II", head, at + 36))
            # The matrix turns a film that was taken upright by a quarter.
            return (height, width) if not a and b else (width, height)
    return 0, 0
