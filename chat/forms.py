"""The forms in which a file is offered to a chat, from the best to the least."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chat.attachments import kind_of
from chat.errors import FileUnknown, MediaForbidden, Refused
from chat.media import Known, MediaKind, Upload

T = TypeVar("T")
Make = Callable[[Upload | Known, MediaKind], Awaitable[T]]


async def offered(media: Upload | Known, upload_max: int, make: Make[T]) -> T:
    """Make the call with the file as it shows best, else as a document, else uploaded anew.

    Args:
        media: What to give.
        upload_max: Bytes that the Bot API server takes.
        make: The call for one form; it raises Refused for a form that the chat does not take.

    Raises the last form's Refused, MediaTooLarge, and whatever else `make` raises.
    """
    barred: set[MediaKind] = set()
    try:
        return await _each_kind(media, upload_max, make, barred)
    except Refused:
        if isinstance(media, Upload) or media.source is None:
            raise
        return await _each_kind(media.source, upload_max, make, barred)


async def _each_kind(media: Upload | Known, upload_max: int, make: Make[T], barred: set[MediaKind]) -> T:
    refused: Refused = MediaForbidden("the chat takes no media of this kind")
    for kind in dict.fromkeys((kind_of(media, upload_max), MediaKind.DOCUMENT)):
        if kind in barred:
            continue
        try:
            return await make(media, kind)
        except FileUnknown:
            raise
        except Refused as error:
            refused = error
            if isinstance(error, MediaForbidden):
                barred.add(kind)
    raise refused
