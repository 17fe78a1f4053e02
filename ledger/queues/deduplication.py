"""Marks that all processes see, each for a while: what was dealt with once need not be dealt with again."""

import redis

from ledger import keys
from ledger.pipeline import SharedPipeline
from ledger.scripts import ledger_errors

DOUBLE_TAP_S = 5
"""A button that somebody presses again within this time is meant to be pressed once."""
REPEATED_S = 3600
"""A press that Telegram sends again within this time is the press that it was."""
_OF_BUTTON, _OF_PRESS = "pressed", "press"


class Deduplication:
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


class Presses:
    """Which presses of buttons are one and the same. One for each event loop. Raises LedgerUnavailable."""

    def __init__(self, pipeline: SharedPipeline) -> None:
        self._pipeline = pipeline

    async def first(self, press: str, button: str) -> str:
        """Return the id of the press that this one repeats: of a double tap the first, else its own.

        Args:
            press: The press's id.
            button: Whose button it is, where it is and what it carries, as one text.
        """
        ask = self._pipeline.command
        mine, pressed = keys.mark(_OF_PRESS, press), keys.mark(_OF_BUTTON, button)
        if (known := await ask("GET", mine)) is not None:
            return str(known)
        await ask("SET", pressed, press, "EX", DOUBLE_TAP_S, "NX")
        first = str(await ask("GET", pressed) or press)
        # Telegram may send this press again, when the button's mark has lapsed.
        await ask("SET", mine, first, "EX", REPEATED_S)
        return first
