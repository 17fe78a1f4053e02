"""The handling of updates: side by side, but those of one chat in the order in which they came."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import Update

from bot.inbound.ack import Ack, open_with

log = structlog.get_logger(__name__)

HANGS_S = 60.0
"""A handler that has not decided its update's fate in this time never will: all its waits are shorter."""


class Handling:
    """Each chat's next update begins once the fate of the one before is known; what is then still said about
    that one is waited for by nobody.

    `pending` are the handlers that have not ended, those that only talk included.
    """

    def __init__(self, handle: Callable[[Update], Awaitable[None]]) -> None:
        self._handle = handle
        self._latest: dict[int, Ack] = {}
        self.pending: set[asyncio.Task[None]] = set()

    def begin(self, update: Update, ack: Ack) -> "asyncio.Task[None]":
        """Have an update handled in its chat's order; the ack is given by the time the task ends."""
        chat = update.effective_chat
        before = self._latest.get(chat.id) if chat else None
        task = asyncio.create_task(self._through(update, ack, before))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)
        if chat:
            self._latest[chat.id] = ack
            ack.answer.add_done_callback(lambda _: self._forget(chat.id, ack))
        return task

    def _forget(self, chat: int, ack: Ack) -> None:
        if self._latest.get(chat) is ack:
            del self._latest[chat]

    async def _through(self, update: Update, ack: Ack, before: Ack | None) -> None:
        try:
            if before is not None:
                await asyncio.wait({before.answer})
            if ack.answer.done():
                return  # it took too long, and is another's by now
            await self._bounded(update, ack)
        except asyncio.CancelledError:
            ack.give(False)
            raise
        except Exception:
            log.exception("update not handled")
        ack.give(True)

    async def _bounded(self, update: Update, ack: Ack) -> None:
        open_with(ack)
        structlog.contextvars.bind_contextvars(update=update.update_id)
        task = asyncio.current_task()

        def give_up() -> None:
            if ack.give(True):
                log.error("update given up, its handler hangs", update=update.update_id)
                if task is not None:
                    task.cancel()

        timer = asyncio.get_running_loop().call_later(HANGS_S, give_up)
        try:
            await self._handle(update)
        finally:
            timer.cancel()
