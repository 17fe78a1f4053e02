"""Says the answers that are kept in `ledger.queues.reply_queue`: at once where it can, else in their turn."""

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
"""Answers that one process says at a time, at most."""
FEWEST_AT_ONCE = 10
AHEAD_S = 1 / 3
"""Answers that one process says at a time are no more than Telegram's budget lets through in this time: all
others, and results, wait behind them. Those whose chat must wait are not among them."""
SOONEST_S = 0.05
"""An answer that was put off is not looked at again before this."""
_END_S = 1.0


class ReplySender:
    """`run` until its task is cancelled, then `finish`."""

    def __init__(
        self, answers: DurableQueue, gateway: Gateway, tally: MetricsBuffer, rate_per_s: float = AT_ONCE
    ) -> None:
        """`rate_per_s`: calls that Telegram's budget lets through."""
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
        """Have an answer said; it is in Redis by the time this returns. The same `name` is said once, an
        `urgent` one whatever else waits for its chat and its person.

        Raises LedgerUnavailable: nothing is known then, and the caller may ask again.
        """
        answer = Reply(name, origin, text, keyboard.to_json() if keyboard else "")
        self._tally.count(counters.replies(await self._spooler.keep(answer.item(), urgent=urgent)))

    async def run(self) -> None:
        """Look after the answers that wait, until cancelled."""
        await self._spooler.run()

    async def finish(self) -> None:
        """Let what is being said end. What is not said by then another process says."""
        await self._spooler.finish(_END_S)

    async def _tell(self, item: Item) -> bool:
        """Say it; False (or PutOff) where Telegram has surely not posted it, for this or another process to
        say it."""
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
