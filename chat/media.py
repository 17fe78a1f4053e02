"""Telegram's rules for photos, videos and documents. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from telegram.constants import FileSizeLimit

from chat.errors import MediaTooLarge

PHOTO_MAX_BYTES = int(FileSizeLimit.PHOTOSIZE_UPLOAD)
PHOTO_MAX_SIDES = 10_000
"""Largest sum of a photo's width and height, in pixels."""
PHOTO_MAX_RATIO = 20
"""Largest ratio of a photo's longer side to its shorter side."""
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})


class MediaKind(StrEnum):
    """The kind of message that carries a file."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload.

    Attributes:
        name: The file's name; Telegram takes the type from its extension.
        mime: The MIME type.
        size: Bytes.
        open: Opens the file. It is called in a thread, once for each attempt. The file must be local and
            seekable, as it is read on the event loop; it is closed after use.
        width: Pixels; 0 for unknown.
        height: Pixels; 0 for unknown.
        duration: Seconds; 0 for unknown.
    """

    name: str
    mime: str
    size: int
    open: Callable[[], BinaryIO]
    width: int = 0
    height: int = 0
    duration: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A file that Telegram already has, under a `file_id` of this bot.

    `source` is what to upload where Telegram does not take the `file_id` any more.
    """

    file_id: str
    mime: str
    source: Upload | None = None


def media_kind(mime: str, size: int, width: int, height: int, upload_max: int) -> MediaKind:
    """Return the kind of message that shows the file best; raises MediaTooLarge above `upload_max` bytes."""
    if size > upload_max:
        raise MediaTooLarge(f"{size} bytes are over the {upload_max} that the Bot API server takes")
    if mime == "video/mp4":
        return MediaKind.VIDEO
    fits = (
        size <= PHOTO_MAX_BYTES
        and width + height <= PHOTO_MAX_SIDES
        and _ratio(width, height) <= PHOTO_MAX_RATIO
    )
    return MediaKind.PHOTO if mime in _PHOTOS and fits else MediaKind.DOCUMENT


def _ratio(width: int, height: int) -> float:
    return max(width, height) / min(width, height) if width and height else 1.0
