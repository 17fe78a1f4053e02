"""What a file becomes in a chat. Pure: Telegram's rules for photos, videos and documents."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from telegram.constants import FileSizeLimit

from chat.errors import MediaTooLarge

PHOTO_MAX_BYTES = int(FileSizeLimit.PHOTOSIZE_UPLOAD)
PHOTO_MAX_SIDES = 10_000
"""Width and height of a photo together, in pixels."""
PHOTO_MAX_RATIO = 20
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})


class MediaKind(StrEnum):
    """The kind of message that carries a file."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload. `size` in bytes; `width`, `height` (pixels) and `duration` (seconds) 0 = unknown.

    `open` is called in a thread, once for each attempt; the file that it returns must be local and
    seekable, as it is read on the event loop, and is closed after use. `name` needs its extension: it
    gives Telegram the type.
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
    """A file that Telegram has had under a `file_id` of this bot; `source`: what to upload where it does not
    take the `file_id` any more."""

    file_id: str
    mime: str
    source: Upload | None = None


def media_kind(mime: str, size: int, width: int, height: int, upload_max: int) -> MediaKind:
    """The kind that shows the file best; raises MediaTooLarge above `upload_max` bytes."""
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
