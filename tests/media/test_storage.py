"""The media store on a real directory: streamed in, typed by bytes, complete or not there at all."""

import io
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
import numpy
import pytest
from patience import promised
from PIL import Image

from config.settings import Settings
from jobs.errors import JobFailed, LeaseLost, PassingError
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from media.file_types import type_of
from media.store import MediaStore

MB = 1024 * 1024
NOVEMBER = 1_793_620_800.0
"""2 November 2026."""


def job(kind: Kind = Kind.IMAGE) -> Job:
    lane = Lane.of(kind, Tier.REGULAR)
    request = Request(kind, "sketch", "a red fox")
    stamps = {"accepted": NOVEMBER}
    return Job("fox", request, Origin(1, 1, 1), Tier.REGULAR, lane, State.STORING, stamps=stamps)


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(Settings(media_url=str(tmp_path), media_max_bytes=8 * MB))


def kept(folder: Path) -> list[str]:
    """Every file in the store, half-written ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def picture(kind: str = "png", size: int = 64) -> bytes:
    file = io.BytesIO()
    noise = numpy.random.default_rng(7).integers(0, 255, (size, size, 3), numpy.uint8)
    Image.fromarray(noise).save(file, kind)
    return file.getvalue()


def clip(kind: str = "mp4", codec: Literal["h264", "vp8", "mpeg4"] = "h264", **options: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=kind, options=options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.zeros((48, 64, 3), numpy.uint8), format="rgb24")
        for packet in [packet for _ in range(5) for packet in stream.encode(frame)] + stream.encode():
            container.mux(packet)
    return file.getvalue()


def branded(brand: bytes) -> bytes:
    """An MP4 file under another brand."""
    return clip()[:8] + brand + clip()[12:]


def sound() -> bytes:
    """An MP4 file in which nothing is to be seen."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(
            numpy.zeros((1, 2048), numpy.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return file.getvalue()


def zeros(megabytes: int, then: Exception | None = None) -> Iterator[bytes]:
    """A PNG of that size, which may break off."""
    yield picture()
    for _ in range(4 * megabytes):
        yield bytes(MB // 4)
    if then is not None:
        raise then


def test_an_output_is_kept_byte_by_byte(store: MediaStore, tmp_path: Path) -> None:
    """Given a picture in odd pieces, I expect the very bytes under a key of the job's month and id."""
    content = picture(size=200)
    pieces = (content[start : start + 777] for start in range(0, len(content), 777))
    artifact = store.keep(job(), pieces)
    assert artifact == Artifact("2026-11-02/fox.png", "image/png", len(content))
    assert kept(tmp_path) == ["2026-11-02/fox.png"]
    with store.open(artifact) as file:
        assert file.read(4) == content[:4]
        file.seek(0)
        assert file.read() == content
    assert store.holds(artifact)


def test_storing_again_replaces_the_output(store: MediaStore, tmp_path: Path) -> None:
    """Given a job resumed in mid-storing by another worker, I expect one file, the later one."""
    store.keep(job(), [picture(size=90)])
    again = store.keep(job(), [picture(size=30)])
    assert kept(tmp_path) == [again.key]
    assert store.holds(again)


@pytest.mark.parametrize(
    ("content", "kind", "mime", "ending"),
    [
        (picture("png"), Kind.IMAGE, "image/png", "png"),
        (picture("jpeg"), Kind.IMAGE, "image/jpeg", "jpg"),
        (picture("webp"), Kind.IMAGE, "image/webp", "webp"),
        (picture("gif"), Kind.IMAGE, "image/gif", "gif"),
        (clip(), Kind.VIDEO, "video/mp4", "mp4"),
        (clip("webm", "vp8"), Kind.VIDEO, "video/webm", "webm"),
        (picture("gif"), Kind.VIDEO, "image/gif", "gif"),
        (clip("mov"), Kind.VIDEO, "video/quicktime", "mov"),
        (clip("3gp", "mpeg4"), Kind.VIDEO, "video/3gpp", "3gp"),
        (branded(b"iso4"), Kind.VIDEO, "video/mp4", "mp4"),
        (branded(b"abcd"), Kind.VIDEO, "video/mp4", "mp4"),
        (clip("mp4", movflags="frag_keyframe+empty_moov"), Kind.VIDEO, "video/mp4", "mp4"),
        (clip("mp4", movflags="negative_cts_offsets"), Kind.VIDEO, "video/mp4", "mp4"),
    ],
    ids=[
        "png",
        "jpeg",
        "webp",
        "gif",
        "mp4",
        "webm",
        "moving gif",
        "QuickTime",
        "3GPP",
        "iso4",
        "unheard-of brand",
        "fragmented",
        "offsets below zero",
    ],
)
def test_the_type_is_read_from_the_bytes(
    store: MediaStore, content: bytes, kind: Kind, mime: str, ending: str
) -> None:
    artifact = store.keep(job(kind), [content])
    assert (artifact.mime, artifact.key) == (mime, f"2026-11-02/fox.{ending}")


RIFF = b"RIFF\x24\x00\x00\x00"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Kind.IMAGE),
        (b"<html><body>Sign in to continue</body></html>", Kind.IMAGE),
        (b'{"detail": "not found"}', Kind.IMAGE),
        (bytes(9000), Kind.IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Kind.IMAGE),
        (picture("bmp"), Kind.IMAGE),
        (clip(), Kind.IMAGE),
        (picture(), Kind.VIDEO),
        (RIFF + b"WAVEfmt " + bytes(64), Kind.IMAGE),
        (RIFF + b"AVI LIST" + bytes(64), Kind.IMAGE),
        (clip("avi", "mpeg4"), Kind.VIDEO),
        (clip("matroska"), Kind.VIDEO),
        (sound(), Kind.VIDEO),
        (branded(b"qt  "), Kind.IMAGE),
        (picture("avif"), Kind.VIDEO),
    ],
    ids=[
        "nothing", "page", "JSON", "zeros", "SVG", "BMP", "video for a picture", "picture for a video",
        "WAV", "AVI for a picture", "AVI", "Matroska", "sound alone",
        "QuickTime for a picture", "AVIF for a video",
    ],
)  # fmt: skip
def test_anything_else_is_no_output(store: MediaStore, tmp_path: Path, content: bytes, kind: Kind) -> None:
    with pytest.raises(JobFailed) as caught:
        store.keep(job(kind), [content] if content else [])
    assert caught.value.failure is Failure.BAD_OUTPUT
    assert kept(tmp_path) == []


def test_a_type_is_read_from_any_beginning() -> None:
    """Given headers of the encoders that are about, I expect the same type of all."""
    for brand in (
        b"isom",
        b"mp42",
        b"mp41",
        b"iso2",
        b"iso4",
        b"iso5",
        b"iso6",
        b"avc1",
        b"dash",
        b"M4V ",
        b"new!",
    ):
        head = b"\x00\x00\x00\x20ftyp" + brand + b"\x00\x00\x02\x00isomiso2avc1mp41" + bytes(99)
        assert type_of(head, Kind.VIDEO) == "video/mp4"
    for marker in (b"\xe0\x00\x10JFIF\x00", b"\xe1\x00\x10Exif\x00\x00", b"\xdb\x00\x43\x00\x03\x02"):
        assert type_of(b"\xff\xd8\xff" + marker + bytes(99), Kind.IMAGE) == "image/jpeg"


@pytest.mark.parametrize("piece", [1, 7, 16, 1000])
def test_a_video_track_is_found_however_the_file_is_cut(store: MediaStore, piece: int) -> None:
    """Given a file that names its track at its very end, in pieces of any size, I expect it to be taken."""
    content = clip()
    assert content.rindex(b"vide") > content.index(b"mdat")
    pieces = (content[start : start + piece] for start in range(0, len(content), piece))
    assert store.keep(job(Kind.VIDEO), pieces).mime == "video/mp4"


@pytest.mark.parametrize("megabytes", [9, 30])
def test_a_file_that_is_too_large_is_given_up_at_once(
    store: MediaStore, tmp_path: Path, megabytes: int
) -> None:
    """Given a limit of 8 MB, I expect no more than a little over that to be read, and nothing to be left."""
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for chunk in zeros(megabytes):
            read += len(chunk)
            yield chunk

    with pytest.raises(JobFailed) as caught:
        store.keep(job(), counted())
    assert caught.value.failure is Failure.TOO_LARGE
    assert read < 8 * MB + MB
    assert kept(tmp_path) == []


@pytest.mark.parametrize("megabytes", [1, 7])
@pytest.mark.parametrize("error", [PassingError("cut short"), LeaseLost("taken over")])
def test_an_output_that_breaks_off_leaves_nothing(
    store: MediaStore, tmp_path: Path, error: Exception, megabytes: int
) -> None:
    """Given a stream that ends in an error, before or after the first 5 MB part, the error comes through."""
    with pytest.raises(type(error), match=str(error)):
        store.keep(job(), zeros(megabytes, then=error))
    assert kept(tmp_path) == []


def test_a_failed_storing_leaves_the_earlier_file_alone(store: MediaStore, tmp_path: Path) -> None:
    artifact = store.keep(job(), [picture()])
    with pytest.raises(PassingError):
        store.keep(job(), zeros(1, then=PassingError("cut short")))
    assert kept(tmp_path) == [artifact.key]
    assert store.holds(artifact)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Given 64 MB and then 192 MB, I expect the process to need about the same for both."""
    store = MediaStore(Settings(media_url=str(tmp_path)))
    page = 4096

    def peak(megabytes: int) -> int:
        most = 0
        for_start = resident()

        def watched() -> Iterator[bytes]:
            nonlocal most
            for chunk in zeros(megabytes):
                most = max(most, resident() - for_start)
                yield chunk

        assert store.keep(job(), watched()).size > megabytes * MB
        return most

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    assert not tracemalloc.is_tracing()
    peak(16)
    assert peak(96) < 40 * MB


def test_what_is_not_kept_is_said_to_be_gone(store: MediaStore, tmp_path: Path) -> None:
    artifact = store.keep(job(), [picture()])
    gone = Artifact("2026-10/cat.png", "image/png", 10)
    assert not store.holds(gone)
    with pytest.raises(FileNotFoundError):
        store.open(gone)
    (tmp_path / artifact.key).write_bytes(b"cut")
    assert not store.holds(artifact)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Given a folder that became a file, I expect an OSError, which nobody takes for an end of the job."""
    store = MediaStore(Settings(media_url=str(tmp_path)))
    (tmp_path / "2026-11-02").write_text("in the way")
    with pytest.raises(OSError, match="2026-11-02"):
        store.keep(job(), [picture()])


def test_storing_is_quick(store: MediaStore) -> None:
    """Given a picture, I expect it stored in well under a second: it is on the way to its chat."""
    began = time.monotonic()
    store.keep(job(), [picture(size=512)])
    assert time.monotonic() - began < promised(1)
