"""Sends the replies of `ledger.queues.reply_queue`: at once where there is capacity, otherwise in turn."""

import asyncio

import structlog

from bot.inbound.queue_worker import PutOff, QueueWorker
from chat.gateway import Gateway
from chat.keyboards import Markup, markup_of
from jobs.errors import DarkroomError, PassingError
from jobs.model import Origin
from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.queues.durable_queue import DurableQueue, Item
from ledger.queues.reply_queue import TAKEN_S, Reply, reply_of

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Most replies that one process sends at a time."""
FEWEST_AT_ONCE = 10
"""The smallest such number, for a low rate limit."""
AHEAD_S = 1 / 3
"""The replies in hand are at most as many as Telegram's rate limit lets through in this time (s).

All other calls to Telegram, results included, wait behind the replies in hand. A reply whose chat has used up
its own rate limit is put off, and is not in hand.
"""
SOONEST_S = 0.05
"""Shortest retry delay (s) of a reply that was put off."""
_END_S = 1.0


class ReplySender:
    """The sender of queued replies: `run` until its task is cancelled, then `finish`."""

    def __init__(
        self, answers: DurableQueue, gateway: Gateway, tally: MetricsBuffer, rate_per_s: float = AT_ONCE
    ) -> None:
        """Make a sender.

        Args:
            answers: The queue of replies.
            gateway: The way to the chats.
            tally: The metrics to count in.
            rate_per_s: The rate limit of all calls to Telegram, in calls per second.
        """
        self._gateway = gateway
        self._tally = tally
        at_once = min(AT_ONCE, max(FEWEST_AT_ONCE, round(rate_per_s * AHEAD_S)))
        self._spooler = QueueWorker(answers, self._tell, lambda saying: at_once - saying)

    async def say(
        self,
        name: str,
        origin: Origin,
        text: str,
        keyboard: Markup | None = None,
        *,
        urgent: bool = False,
    ) -> None:
        """Enqueue a reply; it is in Redis when this returns, unless the queue is full.

        Args:
            name: The reply's id; replies with the same name are sent once.
            origin: The message to reply to.
            text: The text of the reply.
            keyboard: The buttons below the reply.
            urgent: Enqueue it even where its chat or its person has too many replies waiting.

        Raises:
            LedgerUnavailable: It is unknown whether the reply was enqueued; the caller may try again.
        """
        answer = Reply(name, origin, text, keyboard.to_json() if keyboard else "")
        self._tally.count(counters.replies(await self._spooler.keep(answer.item(), urgent=urgent)))

    async def run(self) -> None:
        """Send the waiting replies until cancelled."""
        await self._spooler.run()

    async def finish(self) -> None:
        """Wait a moment for the replies in hand; another process sends those that are left."""
        await self._spooler.finish(_END_S)

    async def _tell(self, item: Item) -> bool:
        """Send a reply, and return whether it is done.

        Returns:
            False where this or another process is to retry: Telegram has not posted the reply, or the call
            took too long (then a retry may post it twice). True where Telegram posted it, may have posted it,
            or refuses it for good.

        Raises:
            PutOff: Telegram surely has not posted it, and it is known when a retry makes sense.
        """
        answer = reply_of(item)
        try:
            async with asyncio.timeout(TAKEN_S - 2):
                await self._gateway.say(answer.origin, answer.text, markup_of(answer.keyboard))
        except (PassingError, TimeoutError) as error:
            log.debug("not answered yet", error=repr(error))
            if isinstance(error, PassingError) and error.retry_after is not None:
                raise PutOff(max(error.retry_after, SOONEST_S)) from error
            return False
        except DarkroomError as error:
            log.warning("not answered", error=repr(error))
        return True
