"""The kind of result that the bot has asked a private chat to describe, until the next plain text there."""

from jobs.model import Kind
from ledger import keys
from ledger.pipeline import SharedPipeline

REMEMBERED_S = 600
"""Time (s) for which a question waits for a plain text. A later text asks for a picture, as usual."""


class Questions:
    """The bot's open questions. One instance per event loop. All methods raise LedgerUnavailable."""

    def __init__(self, pipeline: SharedPipeline) -> None:
        self._pipeline = pipeline

    async def remember(self, chat: int, kind: Kind) -> None:
        """Record that the chat's next plain text describes a result of this kind."""
        await self._pipeline.command("SET", keys.asked_for(chat), kind, "EX", REMEMBERED_S)

    async def forget(self, chat: int) -> None:
        """Delete the question."""
        await self._pipeline.command("DEL", keys.asked_for(chat))

    async def answered_by(self, chat: int, message: int) -> Kind | None:
        """Return the kind of result that this message describes; None where the bot has asked nothing.

        Only one message answers a question; the same message gets the same kind however often it comes.
        """
        key, me = keys.asked_for(chat), str(message)
        kind, _, answer = (await self._pipeline.command("GET", key) or "").partition("@")
        if kind not in list(Kind) or answer not in ("", me):
            return None
        if not answer:
            await self._pipeline.command("SET", key, f"{kind}@{me}", "XX", "KEEPTTL")
        return Kind(kind)
