"""Media of a call: uploads, `file_id`s and loopback URLs become message content."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stand.telegram.botapi.content import read_caption
from stand.telegram.botapi.fetch import fetch
from stand.telegram.botapi.params import Params, Upload, field
from stand.telegram.botapi.registry import Call
from stand.telegram.errors import WRONG_FILE, bad_request
from stand.telegram.files import Blob, FileRef, FileStore

Json = dict[str, Any]

KINDS = ("photo", "video", "animation", "document")


@dataclass(frozen=True)
class Item:
    """A file that a call wants to send.

    `source` is an upload, or the text of a `file_id` or URL. `told` is what the sender says: width, height
    and duration.
    """

    kind: str
    source: Upload | str
    caption: Json
    spoiler: bool = False
    as_is: bool = False
    told: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class Media:
    """A file as message content.

    `content` are the fields of the Message; `shown` is the control API's `media`.
    """

    content: Json
    shown: Json


def read_item(params: Params, kind: str) -> Item:
    """Return the file of sendPhoto, sendVideo, sendAnimation or sendDocument."""
    source = _source(params, kind, params.text(kind))
    if source is None:
        raise bad_request(f"there is no {kind} in the request")
    as_is = params.flag("disable_content_type_detection")
    told = (params.integer("width"), params.integer("height"), params.integer("duration"))
    return Item(kind, source, read_caption(params), params.flag("has_spoiler"), as_is, told)


def read_input_media(params: Params) -> Item:
    """Return the InputMedia of editMessageMedia."""
    params.required("media")
    return _input_media(params, params.json("media", "input media"), album=False)


def read_album(params: Params) -> list[Item]:
    """Return the items of sendMediaGroup."""
    params.required("media")
    value = params.json("media", "media")
    if not isinstance(value, list):
        raise bad_request("expected an Array of InputMedia")
    if not value:
        raise bad_request("there are no messages to send")
    if len(value) > 10:
        raise bad_request("too many messages to send as an album")
    items = [_input_media(params, item, album=True) for item in value]
    kinds = {item.kind for item in items}
    if "document" in kinds and len(kinds) > 1:
        raise bad_request("document can't be mixed with other media types")
    return items


def _input_media(params: Params, value: Any, album: bool) -> Item:
    try:
        if not isinstance(value, Mapping):
            raise ValueError("expected an Object")
        caption = read_caption(value)
        source = _source(params, "", field(value, "media", str) or "")
        if source is None:
            raise ValueError("media not found")
        kind = field(value, "type", str, required=True)
        if kind not in KINDS:
            raise ValueError(f'type "{kind}" is unsupported')
        if album and kind == "animation":
            raise ValueError(f'type "{kind}" can\'t be used in sendMediaGroup')
        as_is = album or bool(field(value, "disable_content_type_detection", bool))
        width, height, duration = (field(value, name, int) or 0 for name in ("width", "height", "duration"))
        spoiler = bool(field(value, "has_spoiler", bool))
        return Item(kind, source, caption, spoiler, as_is, (width, height, duration))
    except ValueError as error:
        raise bad_request(f"can't parse InputMedia: {error}") from None


def _source(params: Params, name: str, text: str) -> Upload | str | None:
    if text.startswith("attach://"):
        return params.uploads.get(text.removeprefix("attach://"))
    return text or params.uploads.get(name)


async def attach_media(call: Call, item: Item) -> Media:
    """Receive, probe and register the file of an item.

    Raises:
        ApiError: Telegram would refuse the file.
    """
    files = call.world.files
    if isinstance(item.source, str) and not item.source.startswith(("http://", "https://")):
        ref = _by_id(call, item, item.source)
    else:
        source = item.source
        if isinstance(source, str):
            source = await fetch(call.world, source, item.kind == "photo")
        _check_size(call, item.kind, source)
        blob = files.known(source.sha256)
        if blob is None:
            blob = files.keep(await asyncio.to_thread(files.adopt, source.path, source.sha256, source.name))
        kind = _kind(item, blob, source.name)
        told = item.told if kind == "video" else (0, 0, 0)
        ref = files.handle(call.bot.id, kind, blob, source.name or None, told)
    spoiler = {"has_media_spoiler": True} if item.spoiler and ref.kind != "document" else {}
    return Media({**_fields(files, ref), **item.caption, **spoiler}, _shown(ref))


def _by_id(call: Call, item: Item, file_id: str) -> FileRef:
    ref = call.world.files.find(file_id)
    if ref is None or ref.bot != call.bot.id:
        raise bad_request(WRONG_FILE)
    if ref.kind == "thumbnail" or (item.kind == "photo") != (ref.kind == "photo"):
        raise bad_request(f"can't use file of type {ref.kind.capitalize()} as {item.kind.capitalize()}")
    return ref


def _check_size(call: Call, kind: str, upload: Upload) -> None:
    limit = call.world.settings.photo_bytes
    if upload.size == 0:
        raise bad_request("file must be non-empty")
    if kind == "photo" and upload.size > limit:
        raise bad_request(
            f"file of size {upload.size} bytes is too big for a photo; the maximum size is {limit} bytes"
        )


def _kind(item: Item, blob: Blob, name: str) -> str:
    """Return the kind as which Telegram stores the file; an unplayable one becomes a document."""
    look = blob.probe
    if item.kind == "photo":
        if look.kind not in ("image", "gif") or look.broken:
            raise bad_request("IMAGE_PROCESS_FAILED")
        if look.width + look.height > 10_000 or max(look.width, look.height) > 20 * min(
            look.width, look.height
        ):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        return "photo"
    if item.kind == "animation":
        return "animation" if look.kind in ("gif", "video") else "document"
    if item.kind == "video":
        return "video" if look.kind == "video" else "document"
    return (
        "animation" if look.kind == "gif" and name.lower().endswith(".gif") and not item.as_is else "document"
    )


def photo_size(files: FileStore, ref: FileRef, blob: Blob) -> Json:
    """Return the PhotoSize for a size of the photo and register its own `file_id`."""
    handle = files.handle(ref.bot, "thumbnail", blob, None) if blob is not ref.blob else ref
    size: Json = {"file_id": handle.file_id, "file_unique_id": blob.unique_id}
    size |= {"width": blob.probe.width, "height": blob.probe.height}
    return {**size, "file_size": blob.size} if blob.size else size


def _fields(files: FileStore, ref: FileRef) -> Json:
    blob, look = ref.blob, ref.blob.probe
    if ref.kind == "photo":
        return {"photo": [photo_size(files, ref, size) for size in [*files.thumbnails(blob), blob]]}
    file: Json = {"file_id": ref.file_id, "file_unique_id": blob.unique_id, "file_size": blob.size}
    file["mime_type"] = look.mime_type
    if ref.file_name:
        file["file_name"] = ref.file_name
    if ref.kind == "document":
        return {"document": file}
    sides = dict(zip(("width", "height", "duration"), ref.shape, strict=True))
    if ref.kind == "video":
        return {"video": {**file, **sides}}
    # "For backward compatibility, when animation is set, document will also be set" (Bot API, Message).
    return {"animation": {**file, **sides}, "document": file}


def _shown(ref: FileRef) -> Json:
    blob, (width, height, duration) = ref.blob, ref.shape
    shown: Json = {
        "kind": ref.kind,
        "file_id": ref.file_id,
        "file_unique_id": blob.unique_id,
        "mime_type": blob.probe.mime_type,
        "file_size": blob.size,
        "width": width or None,
        "height": height or None,
        "url": f"/control/files/{blob.unique_id}",
    }
    if duration:
        shown["duration"] = duration
    if ref.file_name:
        shown["file_name"] = ref.file_name
    return shown
