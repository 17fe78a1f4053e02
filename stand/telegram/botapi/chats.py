"""Chats, their members, and files to download."""

from typing import Any

from stand.telegram.botapi.registry import Call, method
from stand.telegram.botapi.targets import find_chat, message_in, writable_chat
from stand.telegram.chats import Chat
from stand.telegram.errors import bad_request, forbidden

Json = dict[str, Any]

_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


@method("getChat", "chat_id!")
async def get_chat(call: Call) -> Json:
    """Return a ChatFullInfo."""
    chat = find_chat(call)
    gifts = dict.fromkeys(_GIFTS, chat.id > 0)
    return {
        **chat.card,
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }


def _member(call: Call, chat: Chat, user_id: int) -> Json:
    bot = call.world.bots.get(user_id)
    if bot:
        return {"status": "left" if bot.id in chat.left_by else "member", "user": bot.card()}
    person = call.world.people.get(user_id)
    if person is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if user_id not in chat.members:
        return {"status": "left", "user": person.card}
    if chat.id < 0 and user_id == chat.members[0]:
        return {"status": "creator", "user": person.card, "is_anonymous": False}
    return {"status": "member", "user": person.card}


@method("getChatMember", "chat_id! user_id!")
async def get_chat_member(call: Call) -> Json:
    """Return a user or bot in the chat; the first of a group's members is its creator."""
    chat = find_chat(call)
    user_id = call.params.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    return _member(call, chat, user_id)


@method("getChatMemberCount", "chat_id!")
async def get_chat_member_count(call: Call) -> int:
    """Return the number of users and of bots that did not leave."""
    chat = find_chat(call)
    return len(chat.members) + sum(bot not in chat.left_by for bot in call.world.bots)


@method("getChatAdministrators", "chat_id! return_bots")
async def get_chat_administrators(call: Call) -> list[Json]:
    """Return the creator."""
    chat = find_chat(call)
    if chat.id > 0:
        raise bad_request("there are no administrators in the private chat")
    return [_member(call, chat, user_id) for user_id in chat.members[:1]]


@method("leaveChat", "chat_id!")
async def leave_chat(call: Call) -> bool:
    """Take the bot out of a group; its messages there get 403 from then on."""
    chat = find_chat(call)
    if chat.id > 0:
        raise bad_request("chat member status can't be changed in private chats")
    if call.bot.id in chat.left_by:
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    chat.left_by.add(call.bot.id)
    call.world.events.add("chat", chat.id)
    return True


@method("pinChatMessage", "business_connection_id chat_id! message_id! disable_notification")
async def pin_chat_message(call: Call) -> bool:
    """Accept the call if the message exists; the stand shows no pins."""
    message_in(call, writable_chat(call), "message to pin")
    return True


@method("unpinChatMessage", "business_connection_id chat_id! message_id")
async def unpin_chat_message(call: Call) -> bool:
    """Accept the call; the stand shows no pins."""
    writable_chat(call)
    return True


@method("unpinAllChatMessages", "chat_id!")
async def unpin_all_chat_messages(call: Call) -> bool:
    """Accept the call; the stand shows no pins."""
    writable_chat(call)
    return True


@method("getFile", "file_id!")
async def get_file(call: Call) -> Json:
    """Return a File with its path for /file/bot<token>/<file_path>; up to 20 MB."""
    file_id = call.params.text("file_id")
    if not file_id:
        raise bad_request("file_id is not specified")
    ref = call.world.files.find(file_id)
    if ref is None or ref.bot != call.bot.id:
        raise bad_request("invalid file_id")
    if ref.blob.size > call.world.settings.download_bytes:
        raise bad_request("file is too big")
    file: Json = {"file_id": file_id, "file_unique_id": ref.blob.unique_id, "file_path": ref.file_path}
    return {**file, "file_size": ref.blob.size} if ref.blob.size else file


@method("getUserProfilePhotos", "user_id! offset limit")
async def get_user_profile_photos(call: Call) -> Json:
    """Return no photos; simulated users have none."""
    if call.params.integer("user_id") not in call.world.people:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}
