"""Broadcasts: one message to all users, sent to each at most once, whichever worker dies.

Workers send a broadcast in turns. Each turn has a number, which its message on the broker carries. A turn
whose worker has died becomes overdue and is published again under the next number; from then on the old
number is refused. The users come in the order of their ids. The cursor moves past a user before the message
is sent to them.
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
"""Time (s) after which a draft that nobody has confirmed expires."""
KEEP_S = 30 * 86_400
"""Time (s) for which the outcome of a broadcast is kept."""
RETURNS = 3
"""Attempts per user: after so many that failed through Telegram's troubles, the broadcast skips the user."""


class Phase(StrEnum):
    """The phase that a broadcast is in."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Start(StrEnum):
    """The outcome of a request to start a broadcast."""

    BEGUN = "begun"
    AGAIN = "again"  # this broadcast was started before
    BUSY = "busy"  # another broadcast is running
    GONE = "gone"  # the draft has expired


class WriteOutcome(StrEnum):
    """The outcome of one user's message."""

    SENT = "sent"
    UNREACHABLE = "unreachable"  # the user has blocked the bot, or is gone
    FAILED = "failed"  # Telegram refused the message, or nobody can tell whether it arrived


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One broadcast and its progress.

    Attributes:
        chat: The admin's chat, in which the message with the id `message` shows the progress.
        language: The language of the progress message.
        total: The number of users at the start.
        sent: Users who got the message; `unreachable` and `failed` count the other outcomes.
    """

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
    """The broadcasts. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._redis = client
        self._run = Scripts(client, settings.redis_wait_replicas)
        self._lease = round(settings.lease_s * 1000)

    def draft(self, broadcast_id: str, text: str, chat: int, language: str) -> None:
        """Keep a text until an admin confirms it. A second call with the same id changes nothing."""
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
        """Delete a draft; return False where the broadcast is not, or no longer, a draft."""
        return self._end(broadcast_id, Phase.DRAFT, Phase.STOPPED)

    def start(self, broadcast_id: str, message: int, by: int) -> Start:
        """Start a draft that the admin `by` has confirmed; `message` will show its progress.

        Where the outcome is BEGUN, the caller must publish turn 1.
        """
        answer = Start(self._run("broadcast_start", broadcast_id, message, self._lease))
        if answer is Start.BEGUN:
            self._log(by, "broadcast", broadcast_id)
        return answer

    def stop(self, broadcast_id: str, by: int) -> bool:
        """Stop the broadcast: send it to no further user. Return False where it was not running."""
        stopped = self._end(broadcast_id, Phase.RUNNING, Phase.STOPPED)
        if stopped:
            self._log(by, "broadcast stop", broadcast_id)
        return stopped

    def get(self, broadcast_id: str) -> Broadcast | None:
        """Return the broadcast as it is now; None where it is unknown or has expired."""
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
        """Return the broadcast that is running; None where there is none."""
        with ledger_errors():
            broadcast_id: Any = self._redis.get(keys.broadcasting())
        found = self.get(broadcast_id) if broadcast_id else None
        return found if found and found.phase is Phase.RUNNING else None

    # For the workers.

    def take(self, broadcast_id: str, turn: int) -> int | None:
        """Return the next user to send to, 0 when there is no further user, None when this turn is over.

        From now on the user counts as having got the message.
        """
        user = self._run("broadcast_take", broadcast_id, turn, self._lease)
        return None if user is None else int(user or 0)

    def keep(self, broadcast_id: str, turn: int) -> None:
        """Keep the turn from becoming overdue: its worker is alive, though it waits."""
        self._run("broadcast_keep", broadcast_id, turn, self._lease)

    def put_back(self, broadcast_id: str, turn: int, user: int, *, counts: bool = True) -> bool:
        """Put back the user that was just taken: the message was surely not sent to them.

        Args:
            counts: Whether Telegram's troubles were the reason; only such attempts count towards RETURNS.

        Returns:
            False when the user is to be skipped after RETURNS attempts, or the turn is over.
        """
        return bool(self._run("broadcast_return", broadcast_id, turn, user, RETURNS if counts else 0))

    def count(self, broadcast_id: str, outcome: WriteOutcome) -> None:
        """Count the outcome of a user's message."""
        with ledger_errors(), self._redis.pipeline() as pipe:
            pipe.hincrby(keys.broadcast(broadcast_id), outcome, 1)
            pipe.hset(keys.broadcast(broadcast_id), "returned", 0)
            pipe.execute()

    def pass_on(self, broadcast_id: str, turn: int) -> int:
        """End this turn. Return the number of the next turn, to be published; 0 where this turn was over."""
        return int(self._run("broadcast_turn", broadcast_id, turn, self._lease))

    def revive(self) -> tuple[str, int] | None:
        """Return the running broadcast and its next turn, to be published, if its worker has died.

        None where no turn is overdue.
        """
        running = self.current()
        turn = int(self._run("broadcast_turn", running.id, "", self._lease)) if running else 0
        return (running.id, turn) if running and turn else None

    def done(self, broadcast_id: str) -> None:
        """End the broadcast: all users were taken, and the admin's message shows that."""
        self._end(broadcast_id, Phase.RUNNING, Phase.DONE)

    def _end(self, broadcast_id: str, before: Phase, after: Phase) -> bool:
        return bool(self._run("broadcast_end", broadcast_id, before, after, KEEP_S))

    def _log(self, by: int, what: str, broadcast_id: str) -> None:
        with ledger_errors():
            audit_log.write(self._redis, AuditEntry(by, what, broadcast_id))
