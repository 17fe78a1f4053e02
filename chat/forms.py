"""The forms in which a file can be sent to a chat, tried from the best to the last."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chat.attachments import kind_of
from chat.errors import FileUnknown, MediaForbidden, Refused
from chat.media import Known, MediaKind, Upload

T = TypeVar("T")
Make = Callable[[Upload | Known, MediaKind], Awaitable[T]]


async def offered(media: Upload | Known, upload_max: int, make: Make[T]) -> T:
    """Make the call with the file in its best form, else as a document, else uploaded again.

    Args:
        media: The file.
        upload_max: Most bytes that the Bot API server takes.
        make: The call for one form; it raises Refused for a form that the chat does not take.

    Returns:
        The result of the call that succeeded.

    Raises:
        Refused: The chat takes no form of the file; this is the error of the last form.
        MediaTooLarge: The file is over `upload_max`.

    Other errors of `make` pass through.
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
