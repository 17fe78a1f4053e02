"""Conversion between files and python-telegram-bot's objects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from telegram import InputFile, InputMedia, InputMediaDocument, InputMediaPhoto, InputMediaVideo, Message

from chat.media import Known, MediaKind, Upload, media_kind
from chat.mp4 import shape_of


def kind_of(media: Upload | Known, upload_max: int) -> MediaKind:
    """Return the kind of message for a file; raises MediaTooLarge, though never for a `Known` file."""
    if isinstance(media, Known):
        return media_kind(media.mime, 0, 0, 0, upload_max)
    return media_kind(media.mime, media.size, media.width, media.height, upload_max)


@asynccontextmanager
async def content(
    media: Upload | Known, *, attach: bool
) -> AsyncIterator[tuple[InputFile | str, Upload | Known]]:
    """Open what a call sends: the file_id, or the file itself, which is streamed and closed at the end.

    Errors of `media.open` pass through.

    Args:
        media: The file.
        attach: Whether the file goes into an InputMedia object.

    Yields:
        What to send, and the media. Where a video's width, height and duration were unknown, the media has
        those that were read from the file.
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
    """Return the object that editMessageMedia takes."""
    if kind is MediaKind.PHOTO:
        return InputMediaPhoto(sent, caption)
    if kind is MediaKind.VIDEO:
        return InputMediaVideo(sent, caption, **shape(media))
    return InputMediaDocument(sent, caption)


def shape(media: Upload | Known) -> dict[str, Any]:
    """Return what a video's player needs to know before the video is loaded; unknown values are left out."""
    told: dict[str, Any] = {"supports_streaming": True}
    if isinstance(media, Upload):
        told |= {"width": media.width or None, "height": media.height or None}
        told["duration"] = media.duration or None
    return told


def file_id_of(message: Message) -> str:
    """Return the file_id of a message's file (of a photo, its largest size); "" for a message without one."""
    if message.photo:
        return message.photo[-1].file_id
    # Telegram may show a video without sound as an animation, and then sets the document as well.
    found = message.video or message.animation or message.document
    return found.file_id if found else ""
