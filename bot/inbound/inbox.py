"""Updates that Telegram posts, on their way to the handlers."""

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
"""Longest wait for an update's fate; one that is late comes again."""
UNDECIDED = 32
"""Updates of one replica whose fate is open, at a time: what comes in meanwhile waits in Redis."""
MOST_PENDING = 1000
"""Updates in hand, most of them waiting for their turn to speak; above this they stay in Redis."""
_TOLD_S = 0.5


class Inbox:
    """Stands in for `bot.inbound.polling.Poller`: `run` until its task is cancelled, then `finish`."""

    def __init__(self, application: App, settings: Settings, updates: DurableQueue) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._settings = settings
        self._handling = Handling(application.process_update)
        self._spooler = QueueWorker(updates, self._decide, self._room)
        self._started = False

    def started(self) -> bool:
        """Whether updates can be taken: the bot knows who it is."""
        return self._started

    async def run(self) -> None:
        """Have Telegram post updates here, through all troubles that pass; raises InvalidToken."""
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
        """Keep an update (JSON, as Telegram posts it): this or another replica deals with it, also where this
        one dies now. FULL where Telegram must bring it again. Raises LedgerUnavailable."""
        if not self._started:
            return Enqueued.FULL
        return await self._spooler.keep(item_of(body))

    async def finish(self, within_s: float) -> None:
        """Let handlers end; those that take longer are cancelled."""
        late = await drain(self._handling.pending, within_s)
        # Those whose fate is still open are another's.
        await self._spooler.finish(_TOLD_S)
        log.info("stopped", unfinished=late)

    def _room(self, undecided: int) -> int:
        return min(UNDECIDED - undecided, MOST_PENDING - len(self._handling.pending))

    async def _decide(self, item: Item) -> bool:
        """Handle an update; True as soon as all that must last is written, False where it must come again."""
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
