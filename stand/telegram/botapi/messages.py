"""Sending text, copies and forwards; deleting; chat actions and reactions."""

import time
from typing import Any

from stand.telegram.botapi.content import read_caption, read_text
from stand.telegram.botapi.markup import forced_reply, read_markup
from stand.telegram.botapi.registry import COPYING, SENDING, Call, method
from stand.telegram.botapi.targets import (
    find_chat,
    message_in,
    permit,
    reply_target,
    topic_of,
    writable_chat,
)
from stand.telegram.chats import Chat, Record
from stand.telegram.errors import bad_request

Json = dict[str, Any]

ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "cancel",
        "record_audio",
        "upload_audio",
    ]
)
_CONTENT = ("text", "entities", "photo", "video", "animation", "document", "sticker")
_CAPTION = ("caption", "caption_entities", "show_caption_above_media")


def send(call: Call, content: Json, shown: Json | None = None, chat: Chat | None = None) -> Record:
    """Post `content` to the call's chat with its reply and its keyboard, after flood control."""
    chat = chat or writable_chat(call)
    permit(chat, shown["kind"] if shown else "text")
    head = {**topic_of(call, chat), **reply_target(call, chat)}
    keyboard = read_markup(call.params)
    call.world.flood.take(call.bot.id, chat.id)
    more = {"has_protected_content": True} if call.params.flag("protect_content") else {}
    asks = forced_reply(call.params)
    record = call.world.post(chat, call.bot.card(), {**head, **content, **more, **keyboard}, shown, asks)
    call.message_id = record.id
    return record


@method("sendMessage", SENDING + "text! parse_mode entities link_preview_options")
async def send_message(call: Call) -> Json:
    """Send a text of 1-4096 characters."""
    content = read_text(call.params)
    options = call.params.json("link_preview_options", "link preview options")
    if isinstance(options, dict):
        content["link_preview_options"] = options
    return send(call, content).body


@method("deleteMessage", "chat_id! message_id!")
async def delete_message(call: Call) -> bool:
    """Delete a message: the bot's own anywhere, a user's in a private chat."""
    chat = find_chat(call)
    record = message_in(call, chat, "message to delete")
    _delete(call, chat, record)
    return True


@method("deleteMessages", "chat_id! message_ids!")
async def delete_messages(call: Call) -> bool:
    """Delete up to 100 messages; those not found are ignored, as in Telegram."""
    chat = find_chat(call)
    for message_id in _ids(call):
        record = chat.get(message_id)
        if record:
            _delete(call, chat, record)
    return True


def _delete(call: Call, chat: Chat, record: Record) -> None:
    if record.author != call.bot.id and chat.id < 0:
        raise bad_request("message can't be deleted for everyone")
    call.world.remove(record)


def _ids(call: Call) -> list[int]:
    call.params.required("message_ids")
    ids = call.params.json("message_ids", "message identifiers")
    if not isinstance(ids, list) or not all(isinstance(item, int) for item in ids):
        raise bad_request("expected an Array of message identifiers")
    if not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    return ids


def _copied(source: Record, with_caption: bool = True) -> Json:
    names = _CONTENT + (_CAPTION if with_caption else ())
    return {name: source.body[name] for name in names if name in source.body}


@method(
    "copyMessage",
    COPYING
    + "message_id! video_start_timestamp caption parse_mode caption_entities show_caption_above_media "
    "allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters reply_markup",
)
async def copy_message(call: Call) -> Json:
    """Send a new message with the content of another."""
    call.params.required("from_chat_id")
    source = message_in(call, find_chat(call, "from_chat_id"), "message to copy")
    replaced = "caption" in call.params and source.shown is not None
    content = {**_copied(source, not replaced), **(read_caption(call.params) if replaced else {})}
    return {"message_id": send(call, content, source.shown).id}


@method(
    "copyMessages",
    COPYING + "message_ids! remove_caption",
)
async def copy_messages(call: Call) -> list[Json]:
    """Copy up to 100 messages at once, as copyMessage does."""
    records = [record for record in map(_source(call).get, _ids(call)) if record]
    keep = not call.params.flag("remove_caption")
    return [{"message_id": send(call, _copied(record, keep), record.shown).id} for record in records]


def _source(call: Call) -> Chat:
    call.params.required("from_chat_id")
    return find_chat(call, "from_chat_id")


def _forwarded(source: Record) -> Json:
    origin = {"type": "user", "date": source.body["date"], "sender_user": source.body["from"]}
    return {"forward_origin": source.body.get("forward_origin", origin), **_copied(source)}


@method(
    "forwardMessage",
    COPYING + "message_id! video_start_timestamp message_effect_id suggested_post_parameters",
)
async def forward_message(call: Call) -> Json:
    """Send a message again with its origin."""
    source = message_in(call, _source(call), "message to forward")
    return send(call, _forwarded(source), source.shown).body


@method(
    "forwardMessages",
    COPYING + "message_ids!",
)
async def forward_messages(call: Call) -> list[Json]:
    """Forward up to 100 messages at once, as forwardMessage does."""
    records = [record for record in map(_source(call).get, _ids(call)) if record]
    return [{"message_id": send(call, _forwarded(record), record.shown).id} for record in records]


@method("sendChatAction", "business_connection_id chat_id! message_thread_id action!")
async def send_chat_action(call: Call) -> bool:
    """Show "typing", "upload_photo", ... for 5 s. The call does not count for flood control."""
    action = call.params.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = writable_chat(call)
    call.world.events.add("action", chat.id, action=action)
    return True


@method("setMessageReaction", "chat_id! message_id! reaction is_big")
async def set_message_reaction(call: Call) -> bool:
    """Set a bot's one emoji; an empty list removes it."""
    record = message_in(call, chat := find_chat(call), "message to react")
    reactions = call.params.json("reaction", "reaction types") or []
    if not isinstance(reactions, list):
        raise bad_request("expected an Array of ReactionType")
    for reaction in reactions:
        if not isinstance(reaction, dict) or reaction.get("type") not in ("emoji", "custom_emoji"):
            raise bad_request("can't parse ReactionType: invalid reaction type specified")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    chat.reactions[record.id] = reactions
    call.world.events.add("reaction", chat.id, record, reaction=reactions, date=int(time.time()))
    return True
