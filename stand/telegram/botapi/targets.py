"""The chat and the message of a call, and whether the bot may use them."""

from typing import Any

from stand.telegram.botapi.params import field
from stand.telegram.botapi.registry import Call
from stand.telegram.chats import Chat, Record
from stand.telegram.errors import CHAT_NOT_FOUND, bad_request, forbidden, upgraded

Json = dict[str, Any]


def find_chat(call: Call, name: str = "chat_id") -> Chat:
    """Return the chat that the parameter names, by id or @username."""
    text = call.params.text(name).strip()
    if not text:
        raise bad_request("chat_id is empty")
    chat: Chat | None = None
    if text.startswith("@"):
        wanted = text[1:].lower()
        chat = next(
            (c for c in call.world.chats.values() if c.card.get("username", "").lower() == wanted), None
        )
    else:
        try:
            chat = call.world.chats.get(int(text))
        except ValueError:
            chat = None
    if chat is None:
        raise bad_request(CHAT_NOT_FOUND)
    if chat.migrated_to is not None:
        raise upgraded(chat.migrated_to)
    return chat


def writable_chat(call: Call) -> Chat:
    """Return the chat of `chat_id`, if the bot may write there."""
    chat = find_chat(call)
    call.chat = chat.id
    if chat.id > 0:
        if chat.id in call.world.blocked:
            raise forbidden("bot was blocked by the user")
    elif call.bot.id in chat.left_by:
        kind = "supergroup" if chat.type == "supergroup" else "group"
        raise forbidden(f"bot is not a member of the {kind} chat")
    return chat


_RIGHTS = {
    "text": "text messages",
    "photo": "photos",
    "video": "videos",
    "animation": "animations",
    "document": "documents",
}
KINDS = frozenset(_RIGHTS)
"""The kinds of messages that a chat may forbid."""


def permit(chat: Chat, kind: str) -> None:
    """Refuse kinds that members of the chat may not send; each kind has its own right."""
    if kind in chat.forbidden:
        raise bad_request(f"not enough rights to send {_RIGHTS[kind]} to the chat")


def topic_of(call: Call, chat: Chat) -> Json:
    """Return the Message's fields for the topic of `message_thread_id`; {} without one."""
    thread = call.params.integer("message_thread_id")
    if not thread:
        return {}
    if thread not in chat.topics:
        raise bad_request("message thread not found")
    if not chat.topics[thread]:
        raise bad_request("TOPIC_CLOSED")
    return {"message_thread_id": thread, "is_topic_message": True}


def message_in(call: Call, chat: Chat, what: str, name: str = "message_id") -> Record:
    """Return the message that the parameter names.

    Raises:
        ApiError: 400 "{what} not found".
    """
    call.message_id = call.params.integer(name)
    record = chat.get(call.message_id)
    if record is None:
        raise bad_request(f"{what} not found")
    return record


def editable_message(call: Call) -> Record:
    """Return the bot's own message that an edit... method names."""
    if not call.params.text("chat_id") and not call.params.integer("message_id"):
        if not call.params.text("inline_message_id"):
            raise bad_request("message identifier is not specified")
        raise bad_request("MESSAGE_ID_INVALID")
    record = message_in(call, writable_chat(call), "message to edit")
    if record.author != call.bot.id:
        raise bad_request("message can't be edited")
    return record


def reply_target(call: Call, chat: Chat) -> Json:
    """Return {"reply_to_message": ...} for reply_parameters; {} without them.

    The older reply_to_message_id counts too.
    """
    params = call.params
    parameters = params.json("reply_parameters", "reply parameters")
    if parameters is None:
        message_id = params.integer("reply_to_message_id")
        lenient = params.flag("allow_sending_without_reply")
    elif not isinstance(parameters, dict):
        raise bad_request("object expected as reply parameters")
    else:
        try:
            message_id = field(parameters, "message_id", int, required=True)
            lenient = bool(field(parameters, "allow_sending_without_reply", bool))
        except ValueError as error:
            raise bad_request(f"can't parse reply parameters: {error}") from None
    if not message_id:
        return {}
    record = chat.get(message_id)
    if record is None:
        if lenient:
            return {}
        raise bad_request("message to be replied not found")
    return {
        "reply_to_message": {name: value for name, value in record.body.items() if name != "reply_to_message"}
    }
