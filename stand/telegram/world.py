"""The stand's whole state: people, chats, bots, and the updates between them."""

import asyncio
import contextlib
import hashlib
import time
from collections import deque
from typing import Any

from stand.telegram.bots import Bot, Press
from stand.telegram.calls import CallLog
from stand.telegram.chats import Chat, Person, Record
from stand.telegram.events import Events
from stand.telegram.faults import Faults
from stand.telegram.files import FileStore
from stand.telegram.limits import FloodControl
from stand.telegram.settings import Settings
from stand.telegram.updates import UpdateQueue

Json = dict[str, Any]

_PRESSES_KEPT = 50_000


class World:
    """The stand's state. It lives in the event loop's thread; no method but `pause` waits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.bots: dict[int, Bot] = {}
        self.presses: dict[str, Press] = {}
        self.blocked: set[int] = set()
        self.files = FileStore(settings.spool_bytes)
        self.events = Events(settings.events)
        self.flood = FloodControl()
        self.faults = Faults()
        self.calls = CallLog(settings.calls)
        self.messages = 0
        self._stopping = False
        self._over = asyncio.Event()
        self._early: deque[tuple[str, Json, Record | None]] = deque(maxlen=settings.past_updates)
        self._last_user = 1_000_000
        self._last_group = 4_000_000

    def stop(self) -> None:
        """End all long polls, streams and pauses, so that the server can stop."""
        self._stopping = True
        self._over.set()
        self.events.close()
        for bot in self.bots.values():
            bot.updates.wake()

    async def pause(self, seconds: float) -> None:
        """Sleep until `end_pauses` or the stand's stop, at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    def end_pauses(self) -> None:
        """End the pauses of all waiting calls."""
        if not self._stopping:
            self._over.set()
            self._over = asyncio.Event()

    def close(self) -> None:
        """Remove the files."""
        self.files.close()

    # -- bots ------------------------------------------------------------------
    def bot(self, bot_id: int, token: str) -> Bot:
        """Return the bot with this id, which its first call creates.

        The first bot gets the updates that came before any bot.
        """
        bot = self.bots.get(bot_id)
        if bot is None:
            username = "darkroom_bot" if not self.bots else f"darkroom_{len(self.bots) + 1}_bot"
            first_id = 100_000_000 + int(hashlib.sha256(token.encode()).hexdigest()[:6], 16)
            bot = Bot(bot_id, token, username, UpdateQueue(first_id, self.settings.past_updates))
            self.bots[bot_id] = bot
            while self._early:
                kind, content, record = self._early.popleft()
                if record is None or self._sees(bot, record):
                    bot.updates.put(kind, content)
        return bot

    def update(self, kind: str, content: Json, record: Record | None = None, bot: Bot | None = None) -> None:
        """Queue an update.

        It goes to `bot` if given, in a private chat to the first bot, in a group to every member that sees
        it.
        """
        if not self.bots:
            self._early.append((kind, content, record))
            return
        if bot is None and (record is None or record.chat > 0):
            bot = next(iter(self.bots.values()))
        for reader in [bot] if bot else list(self.bots.values()):
            if record is None or self._sees(reader, record):
                reader.updates.put(kind, content)

    def _sees(self, bot: Bot, record: Record) -> bool:
        chat = self.chats[record.chat]
        if chat.id > 0:
            return chat.id not in self.blocked
        if bot.id in chat.left_by:
            return False
        if chat.open:
            return True
        # Privacy mode, on for every new bot: commands (not those for another bot) and replies to the bot.
        body = record.body
        if body.get("reply_to_message", {}).get("from", {}).get("id") == bot.id:
            return True
        text = body.get("text") or body.get("caption", "")
        for entity in body.get("entities") or body.get("caption_entities", ()):
            if entity["type"] == "bot_command":
                command = text[entity["offset"] : entity["offset"] + entity["length"]]
                _, _, addressee = command.partition("@")
                return not addressee or addressee.lower() == bot.username.lower()
        return not any(name in body for name in ("text", "photo", "sticker"))

    # -- people and chats ------------------------------------------------------
    def add_person(
        self, first_name: str, username: str | None, language_code: str, user_id: int | None
    ) -> Person:
        """Create a user and the private chat with them.

        Raises:
            ValueError: The id is taken or not positive.
        """
        if user_id is None:
            user_id = self._last_user + 1
        if user_id <= 0 or user_id in self.people:
            raise ValueError(f"user id {user_id} is taken or not positive")
        self._last_user = max(self._last_user, user_id)
        card: Json = {"id": user_id, "is_bot": False, "first_name": first_name}
        if username:
            card["username"] = username
        chat_card: Json = {name: card[name] for name in ("id", "first_name", "username") if name in card}
        card["language_code"] = language_code
        person = self.people[user_id] = Person(user_id, card)
        self.chats[user_id] = Chat(
            user_id, "private", {**chat_card, "type": "private"}, [user_id], self.settings.history
        )
        self.events.add("user", user_id, user=card)
        return person

    def add_group(self, title: str, kind: str, members: list[int], *, open_: bool = False) -> Chat:
        """Create a group or supergroup; all bots are members at once."""
        self._last_group += 1
        chat_id = -self._last_group if kind == "group" else -1_000_000_000_000 - self._last_group
        chat = Chat(
            chat_id, kind, {"id": chat_id, "type": kind, "title": title}, members, self.settings.history
        )
        chat.open = open_
        self.chats[chat_id] = chat
        self.events.add("chat", chat_id)
        return chat

    # -- messages --------------------------------------------------------------
    def post(
        self,
        chat: Chat,
        author: Json,
        content: Json,
        shown: Json | None = None,
        asks: str | None = None,
    ) -> Record:
        """Add a message by a user or a bot.

        Args:
            chat: The chat.
            author: The User object of the author.
            content: The fields of the Message (text, photo, reply_markup, ...).
            shown: The media as the control API shows it.
            asks: As in `Record`.
        """
        now = time.time()
        body = {"message_id": chat.next_id(), "from": author, "chat": chat.card, "date": int(now), **content}
        record = Record(body, author["id"], now, shown, asks)
        record.note_version(now)
        chat.add(record)
        self.messages += 1
        self.events.add("message", chat.id, record)
        return record

    def revise(self, record: Record, content: Json, shown: Json | None, keep: tuple[str, ...]) -> None:
        """Replace a message's content; of the old body only the head and the fields in `keep` stay."""
        now = time.time()
        head = (
            "message_id",
            "from",
            "chat",
            "date",
            "message_thread_id",
            "is_topic_message",
            "reply_to_message",
            "media_group_id",
            "has_protected_content",
            "sender_chat",
            "is_automatic_forward",
            "forward_origin",
            *keep,
        )
        body = {name: record.body[name] for name in head if name in record.body}
        record.body = {**body, "edit_date": int(now), **content}
        record.shown = shown
        record.note_version(now)
        self.events.add("edit", record.chat, record)

    def remove(self, record: Record) -> None:
        """Delete a message for everybody."""
        record.deleted = True
        self.events.add("delete", record.chat, record)

    def add_press(self, press: Press) -> None:
        """Store a callback query and drop the oldest beyond the limit."""
        self.presses[press.id] = press
        if len(self.presses) > _PRESSES_KEPT:
            del self.presses[next(iter(self.presses))]
