"""Long polling. Unlike the library's updater it confirms an update only once its fate is known."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from telegram import Bot, Update
from telegram.error import TelegramError

from bot import commands
from bot.application import ADMINS, UPDATE_TYPES, App
from bot.draining import drain
from bot.handling import Handling
from bot.patience import patient
from bot.receipt import Receipt

log = structlog.get_logger(__name__)

LONG_POLL_S = 30
HANDLED_S = 1.0
"""Longest wait for a batch's handlers before the next getUpdates: what is still said in one chat, which must
wait for its turn, does not hold up the others."""
MOST_PENDING = 512
"""Updates taken in and not yet handled; above this no more are asked for."""


class Poller:
    """Brings updates to the application until its task is cancelled; then call `finish`.

    An update is confirmed once its fate is known: a process that dies before leaves it to the next one.
    """

    def __init__(self, application: App) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._offset = 0
        self._handling = Handling(self._process)
        self._receipts: dict[int, Receipt] = {}

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
        late = await drain(self._handling.pending, within_s)
        if self._offset:
            with suppress(TelegramError, TimeoutError):
                await asyncio.wait_for(self._updates(wait_s=0), timeout=1)
        log.info("stopped", unfinished=late)

    async def _poll(self) -> None:
        while True:
            wait_s = 0 if self._undecided() else LONG_POLL_S
            updates: Sequence[Update] = await patient("getUpdates")(self._updates, wait_s)
            if updates:
                self._offset = updates[-1].update_id + 1
            # Those that are not confirmed yet come again each time.
            fresh = {self._begin(each) for each in updates if each.update_id not in self._receipts}
            if fresh:
                await asyncio.wait(fresh, timeout=HANDLED_S)
            elif undecided := self._undecided():
                fates = {self._receipts[each].answer for each in undecided}
                await asyncio.wait(fates, timeout=HANDLED_S, return_when=asyncio.FIRST_COMPLETED)
            pending = self._handling.pending
            while len(pending) > MOST_PENDING:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    def _begin(self, update: Update) -> "asyncio.Task[None]":
        receipt = self._receipts[update.update_id] = Receipt(comes_again=False)
        return self._handling.begin(update, receipt)

    def _undecided(self) -> list[int]:
        return [number for number, receipt in self._receipts.items() if not receipt.taken]

    def _confirmed(self) -> int:
        """Return the offset that confirms all updates below the first whose fate is open, and forget them."""
        offset = min([*self._undecided(), self._offset])
        self._receipts = {number: each for number, each in self._receipts.items() if number >= offset}
        return offset

    async def _updates(self, wait_s: int) -> Sequence[Update]:
        return await self._bot.get_updates(
            offset=self._confirmed() or None, timeout=wait_s, allowed_updates=UPDATE_TYPES
        )

    async def _process(self, update: Update) -> None:
        application = self._application
        await application.update_processor.process_update(update, application.process_update(update))
