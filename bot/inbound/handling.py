"""Concurrent handling of updates; those of one chat are handled in the order in which they arrived."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import Update

from bot.inbound.ack import Ack, open_with

log = structlog.get_logger(__name__)

HANGS_S = 60.0
"""Time (s) that a handler has to decide its update; all its waits are shorter.

After this time the handler hangs: it is cancelled, and its update counts as acknowledged.
"""


class Handling:
    """Runs the handler of each update in a task of its own.

    The next update of a chat begins as soon as the previous one is acknowledged or refused. It does not wait
    for messages that the previous handler still sends.

    `pending` holds the tasks that have not ended, also those that only send messages.
    """

    def __init__(self, handle: Callable[[Update], Awaitable[None]]) -> None:
        self._handle = handle
        self._latest: dict[int, Ack] = {}
        self.pending: set[asyncio.Task[None]] = set()

    def begin(self, update: Update, ack: Ack) -> "asyncio.Task[None]":
        """Start the handling of an update in its chat's order; the ack is decided when the task ends."""
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
                return  # it waited too long, and another process handles it by now
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
