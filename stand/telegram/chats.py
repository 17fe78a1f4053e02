"""Users, chats and the messages in them, as the stand keeps them."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A virtual user. `card` is Telegram's User object."""

    id: int
    card: Json


@dataclass
class Record:
    """One message.

    `body` is Telegram's Message as the bot sees it; an edit replaces it and never changes it in place.
    `author`: the id of the user or bot that wrote it. `shown`: the media as the control API shows it.
    `asks`: the placeholder of the answer that a ForceReply opens; None where the message opens none.
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
        """Add the present content to the history that the control API shows."""
        version: Json = {"at": at}
        for name in ("text", "caption"):
            if name in self.body:
                version[name] = self.body[name]
        version["media"] = self.shown["kind"] if self.shown else None
        version["buttons"] = [button["text"] for button in self.buttons()]
        self.edits.append(version)

    def buttons(self) -> list[Json]:
        """The inline buttons, row by row."""
        rows = self.body.get("reply_markup", {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def snapshot(self) -> "Snapshot":
        """The message as it is now; cheap, since bodies are replaced and never changed."""
        return Snapshot(self.body, self.at, self.shown, self.asks, self.deleted, self.edits, len(self.edits))

    def view(self) -> Json:
        """The control API's ChatMessage."""
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
        """The control API's ChatMessage."""
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
    """A private chat (its id is the user's) or a group; keeps the last `history` messages.

    `forbidden`: what bots may not send there, by kind ("text", "photo", "video", "animation", "document").
    `topics`: the open and closed ones by their thread's id, True for open.
    `open`: bots see every message in it, as where privacy mode is off or they are admins.
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
        """A message id never used in this chat."""
        self.last_id += 1
        return self.last_id

    def add(self, record: Record) -> None:
        """Append a message and forget the oldest beyond the bound."""
        self.messages[record.id] = record
        while len(self.messages) > self.history:
            old, _ = self.messages.popitem(last=False)
            self.reactions.pop(old, None)

    def get(self, message_id: int) -> Record | None:
        """The message, if it is still in the chat."""
        record = self.messages.get(message_id)
        return None if record is None or record.deleted else record

    def view(self) -> Json:
        """The control API's Chat."""
        return {**self.card, "members": self.members}
