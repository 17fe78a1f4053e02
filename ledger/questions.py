"""Which kind of result a private chat was asked to describe, until its next words answer."""

from jobs.model import Kind
from ledger import keys
from ledger.pipeline import SharedPipeline

REMEMBERED_S = 600
"""So long a question waits for plain words; later ones are a picture, as ever."""


class Questions:
    """One for each event loop. All methods raise LedgerUnavailable."""

    def __init__(self, pipeline: SharedPipeline) -> None:
        self._pipeline = pipeline

    async def remember(self, chat: int, kind: Kind) -> None:
        """Keep that the chat's next plain words describe this kind."""
        await self._pipeline.command("SET", keys.asked_for(chat), kind, "EX", REMEMBERED_S)

    async def forget(self, chat: int) -> None:
        """Drop the question."""
        await self._pipeline.command("DEL", keys.asked_for(chat))

    async def answered_by(self, chat: int, message: int) -> Kind | None:
        """Return the kind that this message's words describe; None where nothing was asked.

        A question is answered by one message, however often that message comes.
        """
        key, me = keys.asked_for(chat), str(message)
        kind, _, answer = (await self._pipeline.command("GET", key) or "").partition("@")
        if kind not in list(Kind) or answer not in ("", me):
            return None
        if not answer:
            await self._pipeline.command("SET", key, f"{kind}@{me}", "XX", "KEEPTTL")
        return Kind(kind)
