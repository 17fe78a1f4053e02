"""The methods that send media."""

from typing import Any

from stand.telegram.botapi.markup import read_markup
from stand.telegram.botapi.media import attach_media, read_album, read_item
from stand.telegram.botapi.messages import send
from stand.telegram.botapi.registry import SENDING, Call, method
from stand.telegram.botapi.targets import permit, reply_target, topic_of, writable_chat

Json = dict[str, Any]

CAPTION = "caption parse_mode caption_entities "
ABOVE = "show_caption_above_media has_spoiler "


async def _send_media(call: Call, kind: str) -> Json:
    item = read_item(call.params, kind)
    chat = writable_chat(call)
    permit(chat, kind)
    topic_of(call, chat)
    reply_target(call, chat)
    read_markup(call.params)
    media = await attach_media(call, item)
    return send(call, media.content, media.shown).body


@method("sendPhoto", SENDING + CAPTION + ABOVE + "photo!")
async def send_photo(call: Call) -> Json:
    """Send a photo: 10 MB, width + height <= 10,000, ratio <= 20."""
    return await _send_media(call, "photo")


@method(
    "sendVideo",
    SENDING
    + CAPTION
    + ABOVE
    + "video! duration width height thumbnail cover start_timestamp supports_streaming",
)
async def send_video(call: Call) -> Json:
    """Send an MPEG-4 video; anything else is sent as a document, as Telegram does."""
    return await _send_media(call, "video")


@method("sendAnimation", SENDING + CAPTION + ABOVE + "animation! duration width height thumbnail")
async def send_animation(call: Call) -> Json:
    """Send a GIF or an MPEG-4 video; anything else is sent as a document."""
    return await _send_media(call, "animation")


@method("sendDocument", SENDING + CAPTION + "document! thumbnail disable_content_type_detection")
async def send_document(call: Call) -> Json:
    """Send any file up to 50 MB."""
    return await _send_media(call, "document")


@method(
    "sendMediaGroup",
    "business_connection_id chat_id! message_thread_id direct_messages_topic_id media! disable_notification "
    "protect_content allow_paid_broadcast message_effect_id reply_parameters",
)
async def send_media_group(call: Call) -> list[Json]:
    """Send an album of up to 10; flood control counts each item as a message."""
    items = read_album(call.params)
    chat = writable_chat(call)
    for item in items:
        permit(chat, item.kind)
    head = {**topic_of(call, chat), **reply_target(call, chat)}
    media = [await attach_media(call, item) for item in items]
    call.world.flood.take(call.bot.id, chat.id, len(media))
    album = {"media_group_id": str(10**16 + chat.last_id)} if len(media) > 1 else {}
    author = call.bot.card()
    bodies = [
        call.world.post(chat, author, {**head, **album, **one.content}, one.shown).body for one in media
    ]
    call.message_id = bodies[0]["message_id"]
    return bodies
