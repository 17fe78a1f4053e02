"""Files as python-telegram-bot's objects, on the way out and as they come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from telegram import InputFile, InputMedia, InputMediaDocument, InputMediaPhoto, InputMediaVideo, Message

from chat.media import Known, MediaKind, Upload, media_kind
from chat.mp4 import shape_of


def kind_of(media: Upload | Known, upload_max: int) -> MediaKind:
    """The kind of message for a file; raises MediaTooLarge, though never for a known one."""
    if isinstance(media, Known):
        return media_kind(media.mime, 0, 0, 0, upload_max)
    return media_kind(media.mime, media.size, media.width, media.height, upload_max)


@asynccontextmanager
async def content(
    media: Upload | Known, *, attach: bool
) -> AsyncIterator[tuple[InputFile | str, Upload | Known]]:
    """What a call sends: the file_id, or the opened file, which is streamed and closed at the end.

    Also gives the media with a video's shape, read from the file where it was not known. `attach`: it goes
    into an InputMedia object. Errors of `media.open` pass through.
    """
    if isinstance(media, Known):
        yield media.file_id, media
        return
    handle, measured = await asyncio.to_thread(_opened, media)
    try:
        yield InputFile(handle, filename=media.name, attach=attach, read_file_handle=False), measured
    finally:
        await asyncio.to_thread(handle.close)


def _opened(media: Upload) -> tuple[BinaryIO, Upload]:
    handle = media.open()
    if media.mime != "video/mp4" or media.width:
        return handle, media
    try:
        shape = shape_of(handle)
        handle.seek(0)
    except BaseException:
        handle.close()
        raise
    return handle, replace(media, width=shape.width, height=shape.height, duration=shape.duration)


def input_media(kind: MediaKind, media: Upload | Known, sent: InputFile | str, caption: str) -> InputMedia:
    """The object that editMessageMedia takes."""
    if kind is MediaKind.PHOTO:
        return InputMediaPhoto(sent, caption)
    if kind is MediaKind.VIDEO:
        return InputMediaVideo(sent, caption, **shape(media))
    return InputMediaDocument(sent, caption)


def shape(media: Upload | Known) -> dict[str, Any]:
    """What a video's player is told before the video is loaded; unknown sizes are left out."""
    told: dict[str, Any] = {"supports_streaming": True}
    if isinstance(media, Upload):
        told |= {"width": media.width or None, "height": media.height or None}
        told["duration"] = media.duration or None
    return told


def file_id_of(message: Message) -> str:
    """The file_id of the file in a message, of the largest size of a photo; empty where it has none."""
    if message.photo:
        return message.photo[-1].file_id
    # Telegram may show a video without sound as an animation, and then sets the document as well.
    found = message.video or message.animation or message.document
    return found.file_id if found else ""
