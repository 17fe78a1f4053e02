"""The actions of simulated users (write, edit, press, block, ...) and the resulting updates to the bot."""

import asyncio
import hashlib
import time
from typing import Any

from PIL import Image

from stand.telegram.authors import author_of
from stand.telegram.botapi.media import photo_size
from stand.telegram.botapi.targets import KINDS
from stand.telegram.bots import Press
from stand.telegram.chats import Chat, Person, Record
from stand.telegram.files import FileRef
from stand.telegram.text.entities import plain_entities
from stand.telegram.world import World

Json = dict[str, Any]


class Missing(LookupError):
    """There is no object with that id (404)."""


def find_person(world: World, user_id: int) -> Person:
    """Return the user.

    Raises:
        Missing: There is none with that id.
    """
    person = world.people.get(user_id)
    if person is None:
        raise Missing(f"no user {user_id}; make one with POST /control/users")
    return person


def find_chat(world: World, chat_id: int) -> Chat:
    """Return the chat.

    Raises:
        Missing: There is none with that id.
    """
    chat = world.chats.get(chat_id)
    if chat is None:
        raise Missing(f"no chat {chat_id}")
    return chat


def find_message(world: World, chat_id: int, message_id: int) -> Record:
    """Return the message, if it is still in the chat.

    Raises:
        Missing: It is not.
    """
    record = find_chat(world, chat_id).get(message_id)
    if record is None:
        raise Missing(f"no message {message_id} in chat {chat_id}")
    return record


def new_group(world: World, title: str, kind: str, members: list[int], *, open_: bool = False) -> Json:
    """Create a group of existing users, the first of them its creator. `open_` is as in `Chat`."""
    if kind not in ("group", "supergroup"):
        raise ValueError("type must be group or supergroup")
    ids = [find_person(world, int(user_id)).id for user_id in members]
    if not ids:
        raise ValueError("members must name at least one user")
    return world.add_group(title, kind, ids, open_=open_).view()


def _author(world: World, body: Json) -> tuple[Person, Chat]:
    person = find_person(world, int(body["user"]))
    chat = find_chat(world, int(body.get("chat") or person.id))
    if person.id not in chat.members:
        raise ValueError(f"user {person.id} is not a member of chat {chat.id}")
    if chat.migrated_to is not None:
        raise ValueError(f"chat {chat.id} was upgraded to {chat.migrated_to}")
    return person, chat


def forbid(chat: Chat, kinds: list[str]) -> Json:
    """Forbid members, and so bots, to send these kinds of messages, and allow all others."""
    if unknown := set(kinds) - KINDS:
        raise ValueError(
            f"no kinds of messages: {', '.join(sorted(unknown))}; there are {', '.join(sorted(KINDS))}"
        )
    chat.forbidden = frozenset(kinds)
    return {"forbidden": sorted(chat.forbidden)}


def set_topic(world: World, chat: Chat, thread: int | None, state: str) -> Json:
    """Create a topic (`thread` None), close or open it, or delete it with its messages; return its thread."""
    if chat.type != "supergroup":
        raise ValueError("only supergroups have topics")
    if state not in ("open", "closed", "deleted"):
        raise ValueError("state must be open, closed or deleted")
    if thread is None:
        thread = chat.next_id()
    elif thread not in chat.topics:
        raise Missing(f"no topic {thread} in chat {chat.id}")
    if state == "deleted":
        del chat.topics[thread]
        for record in list(chat.messages.values()):
            if record.body.get("message_thread_id") == thread and not record.deleted:
                world.remove(record)
    else:
        chat.topics[thread] = state == "open"
    return {"thread": thread}


async def write(world: World, body: Json) -> Json:
    """Write a text, or send a sticker or a photo, as a user; return the Message as the bot sees it."""
    person, chat = _author(world, body)
    author, content = author_of(body, person, chat)
    if thread := int(body.get("thread") or 0):
        if not chat.topics.get(thread):
            raise ValueError(f"no open topic {thread} in chat {chat.id}")
        content |= {"message_thread_id": thread, "is_topic_message": True}
    if body.get("reply_to"):
        target = find_message(world, chat.id, int(body["reply_to"]))
        content["reply_to_message"] = {k: v for k, v in target.body.items() if k != "reply_to_message"}
    shown: Json | None = None
    if body.get("text"):
        content |= _text(str(body["text"]))
    elif body.get("sticker"):
        content["sticker"] = _STICKER
    elif body.get("photo"):
        ref = await _picture(world)
        content["photo"] = [photo_size(world.files, ref, ref.blob)]
        shown = {
            "kind": "photo",
            **content["photo"][0],
            "mime_type": "image/jpeg",
            "url": f"/control/files/{ref.blob.unique_id}",
        }
    else:
        raise ValueError("a message needs text, sticker: true or photo: true")
    if body.get("caption") and shown:
        content |= {
            "caption" if name == "text" else "caption_entities": value
            for name, value in _text(str(body["caption"])).items()
        }
    record = world.post(chat, author, content, shown)
    world.update("message", record.body, record)
    return record.body


def _text(text: str) -> Json:
    if len(text) > 4_096:
        raise ValueError("Telegram's apps let users write 4,096 characters at most")
    entities = plain_entities(text)
    return {"text": text, "entities": entities} if entities else {"text": text}


_STICKER: Json = {
    "file_id": "CAACAgIAAxkBAAIBstand",
    "file_unique_id": "AgADstandsticker",
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
    "emoji": "🦊",
    "set_name": "DarkroomStand",
}


async def _picture(world: World) -> FileRef:
    def paint() -> Any:
        path = world.files.incoming()
        Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(path, "JPEG")
        return world.files.adopt(path, hashlib.sha256(path.read_bytes()).hexdigest(), "photo.jpg")

    blob = world.files.keep(await asyncio.to_thread(paint))
    return world.files.handle(next(iter(world.bots), 0), "photo", blob, None)


def edit(world: World, body: Json) -> Json:
    """Edit a user's own text."""
    person, chat = _author(world, body)
    record = find_message(world, chat.id, int(body["message_id"]))
    if record.author != person.id or "text" not in record.body:
        raise ValueError("users edit only their own texts")
    world.revise(record, _text(str(body["text"])), None, ())
    world.update("edited_message", record.body, record)
    return record.body


def press(world: World, body: Json) -> str:
    """Press a button as a user, named by its data or its label; return the callback query's id."""
    person, chat = _author(world, body)
    record = find_message(world, chat.id, int(body["message_id"]))
    name, wanted = ("data", body["data"]) if body.get("data") is not None else ("text", body["text"])
    key = "callback_data" if name == "data" else "text"
    button = next((b for b in record.buttons() if b.get(key) == wanted and "callback_data" in b), None)
    if button is None:
        labels = ", ".join(repr(b["text"]) for b in record.buttons()) or "no buttons"
        raise Missing(f"message {record.id} has no button with {name} {wanted!r}; it has {labels}")
    query = Press(
        str(4_382_000_000_000 + len(world.presses) + world.events.seq * 7),
        record.author,
        chat.id,
        time.time(),
    )
    while query.id in world.presses:
        query.id = str(int(query.id) + 1)
    world.add_press(query)
    content = {
        "id": query.id,
        "from": person.card,
        "message": record.body,
        "chat_instance": str(7_000_000_000 + abs(chat.id)),
        "data": button["callback_data"],
    }
    world.update("callback_query", content, None, world.bots[record.author])
    return query.id


def block(world: World, user_id: int, blocked: bool) -> None:
    """Block or unblock the bots as a user; the bots get my_chat_member."""
    person = find_person(world, user_id)
    if blocked == (user_id in world.blocked):
        return
    (world.blocked.add if blocked else world.blocked.discard)(user_id)
    for bot in world.bots.values():
        states: list[Json] = [
            {"status": "member", "user": bot.card()},
            {"status": "kicked", "user": bot.card(), "until_date": 0},
        ]
        old, new = states if blocked else states[::-1]
        content = {"chat": world.chats[user_id].card, "from": person.card, "date": int(time.time())}
        world.update("my_chat_member", {**content, "old_chat_member": old, "new_chat_member": new}, None, bot)


def migrate(world: World, chat_id: int) -> Json:
    """Upgrade a group to a supergroup with a new id; the bot gets an update in both chats."""
    old = find_chat(world, chat_id)
    if old.type != "group" or old.migrated_to is not None:
        raise ValueError(f"chat {chat_id} is no group that could be upgraded")
    new = world.add_group(old.card["title"], "supergroup", list(old.members))
    author = find_person(world, old.members[0]).card
    for chat, content in ((old, {"migrate_to_chat_id": new.id}), (new, {"migrate_from_chat_id": old.id})):
        record = world.post(chat, author, content)
        world.update("message", record.body, record)
    old.migrated_to = new.id
    return {"id": old.id, "migrated_to": new.id}


def commands(world: World, language_code: str) -> list[Json]:
    """Return the first bot's commands in a private chat, in the language or else for all languages."""
    bot = next(iter(world.bots.values()), None)
    if bot is None:
        return []
    scopes = ('{"type": "all_private_chats"}', '{"type": "default"}')
    keys = [(scope, language) for scope in scopes for language in (language_code, "")]
    return next((bot.commands[key] for key in keys if bot.commands.get(key)), [])


def state(world: World) -> Json:
    """Return totals since the start."""
    bots = list(world.bots.values())
    webhooks = [bot.webhook for bot in bots if bot.webhook]
    return {
        "last_update_id": max((bot.updates.last_id for bot in bots), default=0),
        "updates_sent": sum(bot.updates.delivered for bot in bots) + sum(hook.delivered for hook in webhooks),
        "updates_pending": sum(bot.updates.pending for bot in bots) + sum(w.pending for w in webhooks),
        "polls_waiting": sum(bot.updates.polled for bot in bots),
        "webhook": webhooks[0].info() if webhooks else None,
        "messages": world.messages,
        "users": len(world.people),
        "chats": len(world.chats),
        "bots": [{"id": bot.id, "username": bot.username} for bot in bots],
        "file_bytes": world.files.bytes,
        "events": world.events.seq,
        "event_readers": world.events.readers,
        "calls": sum(world.calls.counts.values()),
    }
