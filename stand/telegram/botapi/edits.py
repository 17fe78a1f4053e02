"""The edit... methods.

An edit that changes nothing is refused; an edit without a keyboard removes the keyboard.
"""

from typing import Any

from stand.telegram.botapi.content import read_caption, read_text
from stand.telegram.botapi.markup import read_markup
from stand.telegram.botapi.media import attach_media, read_input_media
from stand.telegram.botapi.params import Upload
from stand.telegram.botapi.registry import EDITING, Call, method
from stand.telegram.botapi.targets import editable_message, permit
from stand.telegram.chats import Record
from stand.telegram.errors import NOT_MODIFIED, bad_request

Json = dict[str, Any]

MEDIA = ("photo", "video", "animation", "document")
_VISIBLE = ("text", "entities", "caption", "caption_entities", "reply_markup", *MEDIA)


def _revise(
    call: Call, record: Record, content: Json, shown: Json | None, keep: tuple[str, ...] = ()
) -> Json:
    call.world.flood.take(call.bot.id, record.chat)
    old = {name: record.body[name] for name in _VISIBLE if name in record.body and name not in keep}
    if old == {name: value for name, value in content.items() if name in _VISIBLE}:
        raise bad_request(NOT_MODIFIED)
    call.world.revise(record, content, shown, keep)
    return record.body


@method("editMessageText", EDITING + "text parse_mode entities link_preview_options rich_message")
async def edit_message_text(call: Call) -> Json:
    """Replace the text of a text message."""
    content = read_text(call.params)
    keyboard = read_markup(call.params)
    record = editable_message(call)
    if "text" not in record.body:
        raise bad_request("there is no text in the message to edit")
    return _revise(call, record, {**content, **keyboard}, None)


@method("editMessageCaption", EDITING + "caption parse_mode caption_entities show_caption_above_media")
async def edit_message_caption(call: Call) -> Json:
    """Replace the caption of a media message; an empty one removes it."""
    content = read_caption(call.params)
    keyboard = read_markup(call.params)
    record = editable_message(call)
    if record.shown is None:
        raise bad_request("there is no caption in the message to edit")
    return _revise(call, record, {**content, **keyboard}, record.shown, MEDIA)


@method("editMessageMedia", EDITING + "media!")
async def edit_message_media(call: Call) -> Json:
    """Replace the media, or a text by media (Bot API 10)."""
    keyboard = read_markup(call.params)
    item = read_input_media(call.params)
    if call.params.text("inline_message_id") and isinstance(item.source, Upload):
        raise bad_request("invalid message content specified")
    permit(call.world.chats[editable_message(call).chat], item.kind)
    media = await attach_media(call, item)
    # The message can be gone by now: receiving and probing the file took time.
    record = editable_message(call)
    if "media_group_id" in record.body and media.shown["kind"] == "animation":
        raise bad_request("can't use the media of the specified type in the album")
    return _revise(call, record, {**media.content, **keyboard}, media.shown)


@method("editMessageReplyMarkup", EDITING)
async def edit_message_reply_markup(call: Call) -> Json:
    """Replace the keyboard, or remove it."""
    keyboard = read_markup(call.params)
    record = editable_message(call)
    keep = tuple(name for name in record.body if name not in ("reply_markup", "edit_date"))
    return _revise(call, record, keyboard, record.shown, keep)
