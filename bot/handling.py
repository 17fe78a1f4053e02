"""The handling of updates: side by side, but those of one chat in the order in which they came."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import Update

from bot.receipt import Receipt, open_with

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
        self._latest: dict[int, Receipt] = {}
        self.pending: set[asyncio.Task[None]] = set()

    def begin(self, update: Update, receipt: Receipt) -> "asyncio.Task[None]":
        """Have an update handled in its chat's order; the receipt is given by the time the task ends."""
        chat = update.effective_chat
        before = self._latest.get(chat.id) if chat else None
        task = asyncio.create_task(self._through(update, receipt, before))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)
        if chat:
            self._latest[chat.id] = receipt
            receipt.answer.add_done_callback(lambda _: self._forget(chat.id, receipt))
        return task

    def _forget(self, chat: int, receipt: Receipt) -> None:
        if self._latest.get(chat) is receipt:
            del self._latest[chat]

    async def _through(self, update: Update, receipt: Receipt, before: Receipt | None) -> None:
        try:
            if before is not None:
                await asyncio.wait({before.answer})
            if receipt.answer.done():
                return  # it took too long, and is another's by now
            await self._bounded(update, receipt)
        except asyncio.CancelledError:
            receipt.give(False)
            raise
        except Exception:
            log.exception("update not handled")
        receipt.give(True)

    async def _bounded(self, update: Update, receipt: Receipt) -> None:
        open_with(receipt)
        structlog.contextvars.bind_contextvars(update=update.update_id)
        task = asyncio.current_task()

        def give_up() -> None:
            if receipt.give(True):
                log.error("update given up, its handler hangs", update=update.update_id)
                if task is not None:
                    task.cancel()

        timer = asyncio.get_running_loop().call_later(HANGS_S, give_up)
        try:
            await self._handle(update)
        finally:
            timer.cancel()
