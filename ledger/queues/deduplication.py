"""Marks that all processes see, each for a while: what was dealt with once need not be dealt with again."""

import redis

from ledger import keys
from ledger.scripts import ledger_errors


class Marks:
    """See the module. One per process; safe to share between threads. Raises LedgerUnavailable."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def first(self, kind: str, name: str, ttl_s: int) -> bool:
        """Set a mark; True for the first caller within `ttl_s` seconds, False for all later ones."""
        with ledger_errors():
            return bool(self._redis.set(keys.mark(kind, name), "1", ex=ttl_s, nx=True))

    def clear(self, kind: str, name: str) -> bool:
        """Take a mark back; True for the one that did."""
        with ledger_errors():
            return bool(self._redis.delete(keys.mark(kind, name)))

    def is_set(self, kind: str, name: str) -> bool:
        """Whether the mark is set."""
        with ledger_errors():
            return bool(self._redis.exists(keys.mark(kind, name)))
