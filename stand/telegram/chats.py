"""Users, chats and the messages in them, as the stand stores them."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A simulated user. `card` is Telegram's User object."""

    id: int
    card: Json


@dataclass
class Record:
    """One message.

    Attributes:
        body: Telegram's Message as the bot sees it. An edit replaces it and never changes it in place.
        author: The id of the user or bot that wrote it.
        at: When it was posted (Unix seconds).
        shown: The media as the control API shows it.
        asks: The placeholder of the reply that a ForceReply opens; None without a ForceReply.
        deleted: Whether it was deleted.
        edits: Its versions.
    """

    body: Json
    author: int
    at: float
    shown: Json | None = None
    asks: str | None = None
    deleted: bool = False
    edits: list[Json] = field(default_factory=list)

    @property
    def id(self) -> int:
        """The message id."""
        return int(self.body["message_id"])

    @property
    def chat(self) -> int:
        """The chat id."""
        return int(self.body["chat"]["id"])

    def note_version(self, at: float) -> None:
        """Add the current content to the history that the control API shows."""
        version: Json = {"at": at}
        for name in ("text", "caption"):
            if name in self.body:
                version[name] = self.body[name]
        version["media"] = self.shown["kind"] if self.shown else None
        version["buttons"] = [button["text"] for button in self.buttons()]
        self.edits.append(version)

    def buttons(self) -> list[Json]:
        """Return the inline buttons, row by row."""
        rows = self.body.get("reply_markup", {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def snapshot(self) -> "Snapshot":
        """Return the message as it is now; cheap, since bodies are replaced and never changed."""
        return Snapshot(self.body, self.at, self.shown, self.asks, self.deleted, self.edits, len(self.edits))

    def view(self) -> Json:
        """Return the control API's ChatMessage."""
        return self.snapshot().view()


@dataclass(frozen=True)
class Snapshot:
    """A message at one moment."""

    body: Json
    at: float
    shown: Json | None
    asks: str | None
    deleted: bool
    edits: list[Json]
    versions: int

    def view(self) -> Json:
        """Return the control API's ChatMessage."""
        more = {
            "deleted": self.deleted,
            "edits": self.edits[: self.versions],
            "at": self.at,
            "media": self.shown,
            "asks": self.asks,
        }
        return {**self.body, **more}


@dataclass
class Chat:
    """A private chat (its id is the user's) or a group.

    Attributes:
        history: The number of messages that are kept.
        open: Whether bots see every message, as if privacy mode is off or they are admins.
        forbidden: The kinds that bots may not send ("text", "photo", "video", "animation", "document").
        topics: Thread id of a topic -> whether it is open.
    """

    id: int
    type: str
    card: Json
    members: list[int]
    history: int
    migrated_to: int | None = None
    open: bool = False
    left_by: set[int] = field(default_factory=set)
    forbidden: frozenset[str] = frozenset()
    topics: dict[int, bool] = field(default_factory=dict)
    last_id: int = 0
    messages: OrderedDict[int, Record] = field(default_factory=OrderedDict)
    reactions: dict[int, list[Json]] = field(default_factory=dict)

    def next_id(self) -> int:
        """Return a message id that was never used in this chat."""
        self.last_id += 1
        return self.last_id

    def add(self, record: Record) -> None:
        """Append a message and drop the oldest beyond the limit."""
        self.messages[record.id] = record
        while len(self.messages) > self.history:
            old, _ = self.messages.popitem(last=False)
            self.reactions.pop(old, None)

    def get(self, message_id: int) -> Record | None:
        """Return the message if it is still in the chat."""
        record = self.messages.get(message_id)
        return None if record is None or record.deleted else record

    def view(self) -> Json:
        """Return the control API's Chat."""
        return {**self.card, "members": self.members}
