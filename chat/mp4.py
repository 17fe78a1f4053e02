"""Reads a video's size and duration from the boxes of an MP4 or QuickTime file. Pure.

Telegram looks only into files of up to about 10 MB. For a larger file it shows the size and duration that the
bot sends, or a square of no length without them. Only the boxes are read, never the frames.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_BOXES = 1000
"""Most boxes that are read in one file; videos that models make have about fifty."""
_MOST_HEAD = 256
"""Most bytes of one box that are read."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Width and height in pixels as a player shows them, and duration in whole seconds; 0 for unknown."""

    width: int = 0
    height: int = 0
    duration: int = 0


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def shape_of(file: BinaryIO) -> Shape:
    """Return the shape of the video in a seekable file; all 0 for a broken file.

    The file's position changes. Its OSError passes through.
    """
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
    """The number of boxes that may still be read, so that a file of nothing but headers takes no longer."""

    def __init__(self) -> None:
        self.left = _MOST_BOXES

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError("more boxes than any video has")


def _boxes(file: BinaryIO, start: int, end: int, budget: _Budget) -> Iterator[_Box]:
    """Yield the boxes between two offsets, in order."""
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
    """Return the ticks of a second and of the whole film; all ones in the file mean an unknown duration."""
    if head[0] == 1:
        scale, ticks = struct.unpack_from(">IQ", head, 20)
        return scale, 0 if ticks == 2**64 - 1 else ticks
    scale, ticks = struct.unpack_from(">II", head, 12)
    return scale, 0 if ticks == 2**32 - 1 else ticks


def _fragments(file: BinaryIO, extends: _Box, budget: _Budget) -> int:
    """Return the duration, in ticks, of a film in fragments, whose header does not have it."""
    for box in _boxes(file, extends.start, extends.end, budget):
        if box.name == b"mehd":
            head = _head(file, box)
            (ticks,) = struct.unpack_from(">Q" if head[0] == 1 else ">I", head, 4)
            return int(ticks)
    return 0


def _track(file: BinaryIO, track: _Box, budget: _Budget) -> tuple[int, int]:
    """Return the width and height at which a track is shown; (0, 0) for one without a picture."""
    for box in _boxes(file, track.start, track.end, budget):
        if box.name == b"tkhd":
            head = _head(file, box)
            at = 52 if head[0] == 1 else 40
            a, b = struct.unpack_from(">ii", head, at)
            width, height = (side >> 16 for side in struct.unpack_from(">II", head, at + 36))
            # For a film that was taken upright, the matrix is a quarter turn.
            return (height, width) if not a and b else (width, height)
    return 0, 0
