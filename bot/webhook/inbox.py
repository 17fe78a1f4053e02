"""Updates that Telegram posts, on their way to the handlers."""

import asyncio

import structlog
from telegram import Bot, Update

from bot import commands
from bot.application import App
from bot.patience import patient
from bot.receipt import Receipt, open_with
from bot.webhook.registration import register
from config.settings import Settings

log = structlog.get_logger(__name__)

DECIDED_S = 25.0
"""Longest wait for an update's fate; Telegram waits 60 s for the answer. One that is late comes again."""
MOST_PENDING = 1000
"""Updates in hand, most of them waiting for their turn to speak; above this Telegram keeps them."""


class Inbox:
    """`run` until its task is cancelled, then `finish`: as `bot.polling.Poller`, which it stands in for."""

    def __init__(self, application: App, settings: Settings) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._settings = settings
        self._pending: set[asyncio.Task[None]] = set()
        self._started = False

    @property
    def bot(self) -> Bot:
        """The bot that the updates are for."""
        return self._bot

    def started(self) -> bool:
        """Whether updates can be taken: the bot knows who it is."""
        return self._started

    async def run(self) -> None:
        """Have Telegram post updates here, through all troubles that pass; raises InvalidToken."""
        await patient("getMe")(self._application.initialize)
        self._started = True
        await patient("setWebhook")(register, self._bot, self._settings)
        log.info("receiving", bot=self._bot.username)
        await patient("setMyCommands")(commands.announce, self._bot, self._settings.admin_ids)
        await asyncio.Event().wait()

    async def take(self, update: Update) -> bool:
        """Handle an update; True as soon as all that must last is written, False where it must come again."""
        if not self._started or len(self._pending) >= MOST_PENDING:
            return False
        receipt = Receipt()
        task = asyncio.create_task(self._handle(update, receipt))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        try:
            return await asyncio.wait_for(receipt.answer, DECIDED_S)
        except TimeoutError:
            log.warning("update not decided in time", update=update.update_id)
            return False

    async def finish(self, within_s: float) -> None:
        """Let handlers end; those that take longer are cancelled."""
        late: set[asyncio.Task[None]] = set()
        if self._pending:
            _, late = await asyncio.wait(self._pending, timeout=within_s)
        for task in late:
            task.cancel()
        log.info("stopped", unfinished=len(late))

    async def _handle(self, update: Update, receipt: Receipt) -> None:
        open_with(receipt)
        structlog.contextvars.bind_contextvars(update=update.update_id)
        try:
            await self._application.process_update(update)
        except asyncio.CancelledError:
            receipt.give(False)
            raise
        except Exception:
            log.exception("update not handled")
        receipt.give(True)
