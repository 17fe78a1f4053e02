"""What a video's boxes say of its size and length."""

import io
import struct
import tempfile

import av
import numpy
import pytest

from chat.mp4 import Shape, shape_of


def film(width: int, height: int, seconds: int, format_: str = "mp4", **options: str) -> bytes:
    """A real file, by FFmpeg."""
    with tempfile.NamedTemporaryFile(suffix=f".{format_}") as file:
        _render(file.name, width, height, seconds, format_, options)
        return file.read()


def _render(name: str, width: int, height: int, seconds: int, format_: str, options: dict[str, str]) -> None:
    with av.open(name, "w", format=format_, options=options) as container:
        stream = container.add_stream("h264", rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.zeros((height, width, 3), numpy.uint8), format="rgb24")
        for packet in [one for _ in range(5 * seconds) for one in stream.encode(frame)] + stream.encode():
            container.mux(packet)


def box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name) + body


def mvhd(scale: int, ticks: int, version: int = 0) -> bytes:
    if version:
        return box(b"mvhd", struct.pack(">B3xQQIQ", 1, 0, 0, scale, ticks), bytes(80))
    return box(b"mvhd", struct.pack(">B3xIIII", 0, 0, 0, scale, ticks), bytes(80))


def tkhd(width: int, height: int, matrix: tuple[int, int] = (0x10000, 0), version: int = 0) -> bytes:
    head = struct.pack(">B3x", version) + bytes(32 if version else 20) + bytes(16)
    turned = struct.pack(">ii", *matrix) + bytes(28)
    return box(b"trak", box(b"tkhd", head, turned, struct.pack(">II", width << 16, height << 16)))


@pytest.mark.parametrize(
    "content",
    [film(64, 48, 3), film(64, 48, 3, movflags="+faststart"), film(64, 48, 3, "mov")],
    ids=["moov last", "moov first", "QuickTime"],
)
def test_a_real_film_is_measured(content: bytes) -> None:
    assert shape_of(io.BytesIO(content)) == Shape(64, 48, 3)


def test_a_film_in_fragments_is_at_least_seen() -> None:
    """Given a fragmented file, whose header may have no duration, I expect its sides."""
    content = film(64, 48, 3, movflags="frag_keyframe+empty_moov")
    shape = shape_of(io.BytesIO(content))
    assert (shape.width, shape.height) == (64, 48)


@pytest.mark.parametrize("version", [0, 1])
def test_both_versions_of_the_headers_are_read(version: int) -> None:
    content = box(b"ftyp", b"isom") + box(
        b"moov", mvhd(1000, 7400, version), tkhd(0, 0, version=version), tkhd(1280, 720, version=version)
    )
    assert shape_of(io.BytesIO(content)) == Shape(1280, 720, 7)


def test_a_film_that_is_turned_is_shown_upright() -> None:
    content = box(b"moov", mvhd(600, 300), tkhd(1920, 1080, matrix=(0, 0x10000)))
    assert shape_of(io.BytesIO(content)) == Shape(1080, 1920, 1)


def test_the_fragments_tell_the_duration() -> None:
    mvex = box(b"mvex", box(b"mehd", struct.pack(">B3xI", 0, 5000)))
    content = box(b"moov", mvhd(1000, 0), mvex, tkhd(64, 48))
    assert shape_of(io.BytesIO(content)) == Shape(64, 48, 5)


def test_a_long_box_is_passed_over() -> None:
    """Given a box whose length takes 64 bits in front of the film's, I expect the film measured."""
    long = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + b"bytes"
    content = long + box(b"moov", mvhd(1000, 2000), tkhd(64, 48))
    assert shape_of(io.BytesIO(content)) == Shape(64, 48, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        box(b"ftyp", b"isom"),
        struct.pack(">I4s", 4, b"moov"),
        struct.pack(">I4s", 4000, b"moov") + bytes(8),
        struct.pack(">I4sQ", 1, b"moov", 2**63) + bytes(8),
        box(b"moov", box(b"mvhd", bytes(3))),
        box(b"moov", mvhd(0, 1000), tkhd(64, 48)),
        box(b"free") * 5000 + box(b"moov", mvhd(1000, 2000), tkhd(64, 48)),
    ],
    ids=["empty", "picture", "no film", "too short", "too long", "huge", "cut", "no scale", "endless"],
)
def test_of_a_broken_file_nothing_is_known(content: bytes) -> None:
    """Given bytes that are no film, or pretend to be one, I expect no error and nothing told."""
    assert shape_of(io.BytesIO(content)) == Shape()
