"""The type of a file by its bytes, and whether a job of a given kind may produce that type. Pure."""

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
"""MIME types that a job of each kind may produce -> file name extension.

A chat plays only MP4. Other videos are sent as documents.
"""
_ISO_MEDIA = frozenset({"video/mp4", "video/quicktime", "video/3gpp"})
# First boxes of QuickTime files that are older than the box that names a brand.
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"pnot"})
# The handler type of a video track.
_VIDEO_TRACK = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_OVERLAP = 15
"""Bytes of the pattern that may lie in the previous piece: its length less one."""


def type_of(head: bytes, kind: Kind) -> str:
    """Return the MIME type of a file by its first bytes.

    A file in an MP4 container counts as a video here. `with_video` checks that it has a video track.

    Raises:
        JobFailed: The type is unknown, or not one that a job of this kind may produce.
    """
    found = _iso_media(head) or _known(head)
    mime = next((name for name in found if name in TYPES[kind]), None)
    if mime is None:
        raise JobFailed(Failure.BAD_OUTPUT, f"output is {found[0] or 'of no known type'}, not a {kind}")
    return mime


def with_video(pieces: Iterable[bytes], mime: str) -> Iterator[bytes]:
    """Yield a file's pieces unchanged, and check that a file of the MP4 family has a video track.

    The description of the track may come after all of its data, so only the end of the file decides.

    Raises:
        JobFailed: After the last piece, if no video track was found.
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
    """Return the type of a file in an MP4 container, [] for others. Unknown brands count as MP4."""
    box, brand = head[4:8], head[8:12]
    if box in _OLD_QUICKTIME or (box == b"ftyp" and brand == b"qt  "):
        return ["video/quicktime"]
    if box != b"ftyp":
        return []
    return ["video/3gpp" if brand.startswith((b"3gp", b"3g2")) else "video/mp4"]


def _known(head: bytes) -> list[str]:
    """Return the types that match best. Weaker matches mislead: every RIFF file is a weak match for WebP."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"output of no known type: {head[:16]!r}") from error
    return [match.mime_type for match in matches if match.confidence == matches[0].confidence]
