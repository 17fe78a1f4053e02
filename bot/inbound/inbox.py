"""The inbox: takes updates that Telegram posts, and hands them to the handlers."""

import asyncio

import structlog
from telegram import Bot

from bot import menus
from bot.application import App
from bot.commands import COMMANDS
from bot.draining import drain
from bot.inbound import reading
from bot.inbound.ack import Ack
from bot.inbound.handling import Handling
from bot.inbound.queue_worker import QueueWorker
from bot.inbound.registration import register
from bot.retries import patient
from config.settings import Settings
from ledger.queues.durable_queue import DurableQueue, Enqueued, Item
from ledger.queues.update_queue import TAKEN_S, item_of

log = structlog.get_logger(__name__)

DECIDED_S = TAKEN_S - 2
"""Longest wait (s) until an update is acknowledged or refused; a late update is handled again.

It ends before the lease on the update expires.
"""
UNDECIDED = 32
"""Updates that one replica has in hand undecided at a time; further ones wait in Redis."""
MOST_PENDING = 1000
"""Updates whose handlers have not ended, most of them waiting to send; above this, updates wait in Redis."""
_TOLD_S = 0.5


class Inbox:
    """The source of updates in webhook mode: `run` until its task is cancelled, then `finish`.

    It has the interface of `bot.inbound.polling.Poller`.
    """

    def __init__(self, application: App, settings: Settings, updates: DurableQueue) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._settings = settings
        self._handling = Handling(application.process_update)
        self._spooler = QueueWorker(updates, self._decide, self._room)
        self._started = False

    def started(self) -> bool:
        """Return whether updates can be taken: getMe has told the bot who it is."""
        return self._started

    async def run(self) -> None:
        """Register the webhook and handle updates until cancelled; retry through all passing errors.

        Raises:
            InvalidToken: Telegram refuses the bot's token.
        """
        await patient("getMe")(self._application.initialize)
        self._started = True
        looking = asyncio.create_task(self._spooler.run())
        try:
            await patient("setWebhook")(register, self._bot, self._settings)
            log.info("receiving", bot=self._bot.username)
            await patient("setMyCommands")(menus.announce, self._bot, COMMANDS, self._settings.admin_ids)
            await looking
        finally:
            looking.cancel()

    async def take(self, body: str) -> Enqueued:
        """Enqueue an update durably; this or another replica handles it, even if this one dies now.

        Args:
            body: The update in JSON, as Telegram posts it.

        Returns:
            What became of the update; FULL means that Telegram must deliver it again.

        Raises:
            LedgerUnavailable: The ledger is away.
        """
        if not self._started:
            return Enqueued.FULL
        return await self._spooler.keep(item_of(body))

    async def finish(self, within_s: float) -> None:
        """Wait until the handlers end, and cancel those that take longer than `within_s` seconds."""
        late = await drain(self._handling.pending, within_s)
        # Another replica handles the updates that are still undecided.
        await self._spooler.finish(_TOLD_S)
        log.info("stopped", unfinished=late)

    def _room(self, undecided: int) -> int:
        return min(UNDECIDED - undecided, MOST_PENDING - len(self._handling.pending))

    async def _decide(self, item: Item) -> bool:
        """Handle an update until it is decided; return True for acknowledged, False for a retry."""
        update = reading.update_of(item.body, self._bot)
        if update is None:
            log.warning("not an update as Telegram has them", item=item.id)
            return True
        ack = Ack()
        self._handling.begin(update, ack)
        try:
            return await asyncio.wait_for(ack.answer, DECIDED_S)
        except TimeoutError:
            log.warning("update not decided in time", update=update.update_id)
            return False
