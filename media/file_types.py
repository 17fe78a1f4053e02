"""What a file is, by its bytes, and whether a job of a kind may produce it. Pure."""

import re
from collections.abc import Iterable, Iterator

import puremagic

from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.model import Kind

TYPES = {
    Kind.IMAGE: {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"},
    Kind.VIDEO: {
        "video/mp4": "mp4",
        "video/webm": "webm",
        "image/gif": "gif",
        "video/quicktime": "mov",
        "video/3gpp": "3gp",
    },
}
"""What a job of a kind may produce, and the ending of its file. A chat plays MP4 alone, other videos are
documents in it."""
_ISO_MEDIA = frozenset({"video/mp4", "video/quicktime", "video/3gpp"})
# The first box of a QuickTime file from before boxes named a brand.
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"pnot"})
# The handler of a track, in the box that says what the track is.
_VIDEO_TRACK = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_OVERLAP = 15
"""Bytes of the pattern that may lie in the piece before."""


def type_of(head: bytes, kind: Kind) -> str:
    """Return the MIME type of a file by its first bytes; JobFailed for a type that the kind does not have.

    A file in the container of MP4 is taken for a video: see `with_video`.
    """
    found = _iso_media(head) or _known(head)
    mime = next((name for name in found if name in TYPES[kind]), None)
    if mime is None:
        raise JobFailed(Failure.BAD_OUTPUT, f"output is {found[0] or 'of no known type'}, not a {kind}")
    return mime


def with_video(pieces: Iterable[bytes], mime: str) -> Iterator[bytes]:
    """Pass a file's pieces on; JobFailed at its end where it is of the MP4 family and has no video track.

    The track may be described behind all of its data, so that only the end of the file tells.
    """
    if mime not in _ISO_MEDIA:
        yield from pieces
        return
    found, last = False, b""
    for piece in pieces:
        found = found or _VIDEO_TRACK.search(last + piece) is not None
        last = (last + piece)[-_OVERLAP:]
        yield piece
    if not found:
        raise JobFailed(Failure.BAD_OUTPUT, "output is of the MP4 family and has no video track")


def _iso_media(head: bytes) -> list[str]:
    """The type of a file in the container of MP4. Its brands are many, and new ones come."""
    box, brand = head[4:8], head[8:12]
    if box in _OLD_QUICKTIME or (box == b"ftyp" and brand == b"qt  "):
        return ["video/quicktime"]
    if box != b"ftyp":
        return []
    return ["video/3gpp" if brand.startswith((b"3gp", b"3g2")) else "video/mp4"]


def _known(head: bytes) -> list[str]:
    """The types that fit a file best; weaker matches are relatives: every RIFF file may also be WebP."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"output of no known type: {head[:16]!r}") from error
    return [match.mime_type for match in matches if match.confidence == matches[0].confidence]
