"""Broadcasts: one message to all users, each written to at most once, whichever worker dies over it.

A broadcast is worked off in turns. The next turn's number is what its message on the broker carries; a
turn whose worker is gone becomes overdue and is given out anew under the next number, which shuts the old
one out. All users are taken in the order of their ids, and the cursor moves before the user is written to.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from config.settings import Settings
from ledger import keys
from ledger.admin import audit_log
from ledger.admin.audit_log import AuditEntry
from ledger.scripts import Scripts, ledger_errors

DRAFT_S = 3600
"""A broadcast that was not confirmed is forgotten after this long."""
KEEP_S = 30 * 86_400
"""What a broadcast came to is kept this long."""
RETURNS = 3
"""A user whom Telegram's troubles have kept us from writing to this often is passed over."""


class Phase(StrEnum):
    """How far a broadcast has come."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Start(StrEnum):
    """What became of the wish to start."""

    BEGUN = "begun"
    AGAIN = "again"  # it was begun before
    BUSY = "busy"  # another one is under way
    GONE = "gone"  # not kept any more


class WriteOutcome(StrEnum):
    """What became of one user's message."""

    SENT = "sent"
    UNREACHABLE = "unreachable"  # the user has blocked the bot, or is gone
    FAILED = "failed"  # refused, or nobody can tell whether it arrived


@dataclass(frozen=True, slots=True)
class Broadcast:
    """`chat` and `message` show the admin how far it is, in `language`; `total` users were there at its
    start; the other numbers count outcomes."""

    id: str
    text: str
    chat: int
    language: str
    phase: Phase
    message: int = 0
    total: int = 0
    sent: int = 0
    unreachable: int = 0
    failed: int = 0


class Broadcasts:
    """All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._redis = client
        self._run = Scripts(client, settings.redis_wait_replicas)
        self._lease = round(settings.lease_s * 1000)

    def draft(self, broadcast_id: str, text: str, chat: int, language: str) -> None:
        """Keep a text until it is confirmed. The same id again changes nothing."""
        key = keys.broadcast(broadcast_id)
        fields: Any = {"text": text, "chat": str(chat), "language": language, "phase": str(Phase.DRAFT)}
        with ledger_errors():
            if self._redis.exists(key):
                return
            with self._redis.pipeline() as pipe:
                pipe.hset(key, mapping=fields)
                pipe.expire(key, DRAFT_S)
                pipe.execute()

    def drop(self, broadcast_id: str) -> bool:
        """Forget a draft; False for anything that is none (any more)."""
        return self._end(broadcast_id, Phase.DRAFT, Phase.STOPPED)

    def start(self, broadcast_id: str, message: int, by: int) -> Start:
        """Begin with a draft that the admin `by` has confirmed; `message` is to show how far it is.

        It is in turn 1 then, and that is to be published.
        """
        answer = Start(self._run("broadcast_start", broadcast_id, message, self._lease))
        if answer is Start.BEGUN:
            self._log(by, "broadcast", broadcast_id)
        return answer

    def stop(self, broadcast_id: str, by: int) -> bool:
        """Write to nobody more; False where it was not under way."""
        stopped = self._end(broadcast_id, Phase.RUNNING, Phase.STOPPED)
        if stopped:
            self._log(by, "broadcast stop", broadcast_id)
        return stopped

    def get(self, broadcast_id: str) -> Broadcast | None:
        """The broadcast as it is now."""
        with ledger_errors():
            record: Any = self._redis.hgetall(keys.broadcast(broadcast_id))
        if "phase" not in record:
            return None
        numbers = ("chat", "message", "total", "sent", "unreachable", "failed")
        return Broadcast(
            id=broadcast_id,
            text=record["text"],
            language=record["language"],
            phase=Phase(record["phase"]),
            **{name: int(record.get(name, 0)) for name in numbers},
        )

    def current(self) -> Broadcast | None:
        """The one that is under way."""
        with ledger_errors():
            broadcast_id: Any = self._redis.get(keys.broadcasting())
        found = self.get(broadcast_id) if broadcast_id else None
        return found if found and found.phase is Phase.RUNNING else None

    # For the workers.

    def take(self, broadcast_id: str, turn: int) -> int | None:
        """The next user to be written to, 0 when all were, None when this turn is over.

        From here on the user counts as written to.
        """
        user = self._run("broadcast_take", broadcast_id, turn, self._lease)
        return None if user is None else int(user or 0)

    def keep(self, broadcast_id: str, turn: int) -> None:
        """The worker of this turn is alive, though it waits."""
        self._run("broadcast_keep", broadcast_id, turn, self._lease)

    def put_back(self, broadcast_id: str, turn: int, user: int, *, counts: bool = True) -> bool:
        """The user just taken was surely not written to, and is taken again; False when that was so often
        that they are to be passed over. What was no trouble of Telegram's does not count."""
        return bool(self._run("broadcast_return", broadcast_id, turn, user, RETURNS if counts else 0))

    def count(self, broadcast_id: str, outcome: WriteOutcome) -> None:
        """Count what became of a user's message."""
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hincrby(keys.broadcast(broadcast_id), outcome, 1)
            pipe.hset(keys.broadcast(broadcast_id), "returned", 0)
            pipe.execute()

    def pass_on(self, broadcast_id: str, turn: int) -> int:
        """End this turn; answers the next one, to be published, and 0 where this one was over."""
        return int(self._run("broadcast_turn", broadcast_id, turn, self._lease))

    def revive(self) -> tuple[str, int] | None:
        """The broadcast whose worker is gone, and its next turn, to be published; None: all is well."""
        running = self.current()
        turn = int(self._run("broadcast_turn", running.id, "", self._lease)) if running else 0
        return (running.id, turn) if running and turn else None

    def done(self, broadcast_id: str) -> None:
        """All users were taken, and the admin has been shown so."""
        self._end(broadcast_id, Phase.RUNNING, Phase.DONE)

    def _end(self, broadcast_id: str, before: Phase, after: Phase) -> bool:
        return bool(self._run("broadcast_end", broadcast_id, before, after, KEEP_S))

    def _log(self, by: int, what: str, broadcast_id: str) -> None:
        with ledger_errors():
            audit_log.write(self._redis, AuditEntry(by, what, broadcast_id))
