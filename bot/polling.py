"""Long polling. Unlike the library's updater it confirms updates only once they were handled."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from telegram import Bot, Update
from telegram.error import TelegramError

from bot import commands
from bot.application import ADMINS, UPDATE_TYPES, App
from bot.draining import drain
from bot.patience import patient

log = structlog.get_logger(__name__)

LONG_POLL_S = 30
HANDLED_S = 1.0
"""Longest wait for a batch's handlers before the next getUpdates, which confirms the batch: by then its
jobs are in the ledger, and one chat that must wait for its turn does not hold up the others."""
MOST_PENDING = 512
"""Updates taken in and not yet handled; above this no more are asked for."""


class Poller:
    """Brings updates to the application until its task is cancelled; then call `finish`."""

    def __init__(self, application: App) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._offset = 0
        self._pending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll for ever, through all troubles that pass; raises InvalidToken."""
        await patient("getMe")(self._application.initialize)
        # Telegram gives updates to a webhook or to getUpdates, never to both.
        await patient("deleteWebhook")(self._bot.delete_webhook)
        log.info("polling", bot=self._bot.username)
        announcing: asyncio.Task[None] = asyncio.create_task(
            patient("setMyCommands")(commands.announce, self._bot, self._application.bot_data[ADMINS])
        )
        try:
            await self._poll()
        finally:
            announcing.cancel()

    async def finish(self, within_s: float) -> None:
        """Let handlers end (those that take longer are cancelled), and confirm what was handled."""
        late = await drain(self._pending, within_s)
        if self._offset and not late:
            with suppress(TelegramError, TimeoutError):
                await asyncio.wait_for(self._updates(wait_s=0), timeout=1)
        log.info("stopped", unfinished=late)

    async def _poll(self) -> None:
        while True:
            updates: Sequence[Update] = await patient("getUpdates")(self._updates, LONG_POLL_S)
            batch = {asyncio.create_task(self._handle(update)) for update in updates}
            self._pending |= batch
            for task in batch:
                task.add_done_callback(self._pending.discard)
            if batch:
                self._offset = updates[-1].update_id + 1
                await asyncio.wait(batch, timeout=HANDLED_S)
            while len(self._pending) > MOST_PENDING:
                await asyncio.wait(self._pending, return_when=asyncio.FIRST_COMPLETED)

    async def _updates(self, wait_s: int) -> Sequence[Update]:
        return await self._bot.get_updates(
            offset=self._offset or None, timeout=wait_s, allowed_updates=UPDATE_TYPES
        )

    async def _handle(self, update: Update) -> None:
        application = self._application
        structlog.contextvars.bind_contextvars(update=update.update_id)
        try:
            await application.update_processor.process_update(update, application.process_update(update))
        except Exception:
            log.exception("update not handled")
