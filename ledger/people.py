"""The register of users: everybody who has used the bot, with the chat in which to reach them."""

import time
from dataclasses import dataclass
from typing import Any

import redis

from ledger import keys
from ledger.scripts import ledger_errors


@dataclass(frozen=True, slots=True)
class Person:
    """One user.

    Attributes:
        chat: The private chat; 0 where the user has never written to the bot there.
        reachable: Whether the bot can write to the private chat.
        first_seen: Unix seconds, as is `last_seen`.
    """

    user: int
    language: str
    chat: int
    reachable: bool
    first_seen: float
    last_seen: float


class People:
    """The register. All methods raise LedgerUnavailable when Redis does not answer."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def seen(self, user: int, chat: int, language: str) -> None:
        """Record that the user has written to the bot in this chat.

        Only a private chat, whose id is the user's id, is one that the bot may write to unasked.
        """
        key, now = keys.person(user), round(time.time() * 1000)
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hsetnx(key, "first", str(now))
            pipe.hset(key, mapping={"last": now, "language": language})
            if chat == user > 0:  # an admin who writes as the group is known by the group's id
                pipe.hset(key, "chat", str(chat))
                pipe.zadd(keys.people(), {str(user): user})
            pipe.execute()

    def unreachable(self, user: int) -> None:
        """Record that the bot cannot write to the user, until the user is seen again."""
        with ledger_errors():
            self._redis.zrem(keys.people(), str(user))

    def get(self, user: int) -> Person | None:
        """Return what is known of a user; None for a user who was never seen."""
        with ledger_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.person(user))
            pipe.zscore(keys.people(), str(user))
            record, place = pipe.execute()
        if not record:
            return None
        times = (int(record["first"]) / 1000, int(record["last"]) / 1000)
        return Person(user, record["language"], int(record.get("chat", 0)), place is not None, *times)

    def count(self) -> int:
        """Return the number of users whom the bot can write to."""
        with ledger_errors():
            found: Any = self._redis.zcard(keys.people())
        return int(found)
