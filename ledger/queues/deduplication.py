"""Marks that all processes share, each for a limited time: an event that was handled is not handled again."""

import redis

from ledger import keys
from ledger.pipeline import SharedPipeline
from ledger.scripts import ledger_errors

DOUBLE_TAP_S = 5
"""Time (s) within which a second press of a button by the same person counts as a double tap."""
REPEATED_S = 3600
"""Time (s) for which a press is remembered, in case Telegram sends it again."""
_OF_BUTTON, _OF_PRESS = "pressed", "press"


class Deduplication:
    """The marks. One instance per process, shared between threads. All methods raise LedgerUnavailable."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def first(self, kind: str, name: str, ttl_s: int) -> bool:
        """Set a mark for `ttl_s` seconds. Return True to the first caller in that time, else False."""
        with ledger_errors():
            return bool(self._redis.set(keys.mark(kind, name), "1", ex=ttl_s, nx=True))

    def clear(self, kind: str, name: str) -> bool:
        """Remove a mark. Return whether this call removed it."""
        with ledger_errors():
            return bool(self._redis.delete(keys.mark(kind, name)))

    def is_set(self, kind: str, name: str) -> bool:
        """Return whether the mark is set."""
        with ledger_errors():
            return bool(self._redis.exists(keys.mark(kind, name)))


class Presses:
    """The deduplication of button presses. One instance per event loop. Raises LedgerUnavailable."""

    def __init__(self, pipeline: SharedPipeline) -> None:
        self._pipeline = pipeline

    async def first(self, press: str, button: str) -> str:
        """Return the id of the first press of a double tap; the press's own id where it is not a repetition.

        Args:
            press: The id of the press.
            button: The user, the place and the data of the button, as one text.
        """
        ask = self._pipeline.command
        mine, pressed = keys.mark(_OF_PRESS, press), keys.mark(_OF_BUTTON, button)
        if (known := await ask("GET", mine)) is not None:
            return str(known)
        await ask("SET", pressed, press, "EX", DOUBLE_TAP_S, "NX")
        first = str(await ask("GET", pressed) or press)
        # Telegram may send this press again after the button's mark has expired.
        await ask("SET", mine, first, "EX", REPEATED_S)
        return first
