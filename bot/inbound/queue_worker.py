"""The worker of a durable queue: it handles new items at once if it has capacity, and items that wait."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.draining import drain
from jobs.errors import LedgerUnavailable
from ledger.queues.durable_queue import DurableQueue, Enqueued, Item

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""Interval (s) at which the worker looks for items that wait, or whose lease expired as a process died."""
AGAIN_S = 1.0
"""Retry delay (s) of an item whose handler returned False."""
_AT_A_TIME = 16
"""Most items taken in one step; between two steps other tasks have their turn on the event loop."""


class PutOff(Exception):
    """Raised by a handler: the item is to be retried after `after_s` seconds, not before."""

    def __init__(self, after_s: float) -> None:
        super().__init__(after_s)
        self.after_s = after_s


class QueueWorker:
    """One process's worker of a queue: `run` until its task is cancelled, then `finish`."""

    def __init__(
        self, spool: DurableQueue, deal: Callable[[Item], Awaitable[bool]], room: Callable[[int], int]
    ) -> None:
        """Make a worker.

        Args:
            spool: The queue.
            deal: Handles an item. It returns True if the item is done (or never will be), and False for a
                retry after AGAIN_S. It raises PutOff for a retry after another delay.
            room: Returns how many more items may be taken, given how many are in hand.
        """
        self._spool = spool
        self._deal = deal
        self._room = room
        self._dealing: set[asyncio.Task[None]] = set()
        self._promised = 0
        self._behind = False
        self._running = False
        self._look = asyncio.Event()

    async def keep(self, item: Item, *, urgent: bool = False) -> Enqueued:
        """Enqueue an item, and handle it at once if there is capacity and no other item waits.

        Args:
            item: The item to enqueue.
            urgent: Enqueue it even where its group or its owner has reached its limit of waiting items.

        Returns:
            What became of the item; unless FULL, it is in Redis now.

        Raises:
            LedgerUnavailable: It is unknown whether the item was enqueued.
        """
        take = self._free() > 0
        self._promised += take
        try:
            kept = await self._spool.keep(item, take=take, urgent=urgent)
        finally:
            self._promised -= take
        if kept is Enqueued.TAKEN:
            self._start(item)
        elif kept is Enqueued.WAITS:
            self._behind = True
            self._look.set()
        return kept

    async def run(self) -> None:
        """Handle waiting items until cancelled."""
        self._running = True
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._look.wait()
                self._look.clear()
                with suppress(LedgerUnavailable):  # retried at the next look; `keep` reports it to its caller
                    await self._take_up()
        finally:
            self._running = False

    async def finish(self, within_s: float) -> None:
        """Wait up to `within_s` seconds for the items in hand; other processes take the rest."""
        await drain(self._dealing, within_s)

    def _free(self) -> int:
        return self._room(len(self._dealing) + self._promised)

    async def _take_up(self) -> None:
        most = min(self._free(), _AT_A_TIME)
        if most <= 0:
            return
        found = await self._spool.take(most)
        for item in found:
            self._start(item)
        self._behind = len(found) == most
        if self._behind:
            self._look.set()

    def _start(self, item: Item) -> None:
        task = asyncio.create_task(self._through(item))
        self._dealing.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._dealing.discard(task)
        if self._behind:
            self._look.set()

    async def _through(self, item: Item) -> None:
        after_s: float | None = None
        try:
            after_s = None if await self._deal(item) else AGAIN_S
        except PutOff as put_off:
            after_s = put_off.after_s
        except Exception:
            log.exception("not dealt with", item=item.id)
        # Without Redis the lease expires, and a process handles the item again.
        with suppress(LedgerUnavailable):
            if after_s is not None:
                await self._spool.again(item, after_s)
                asyncio.get_running_loop().call_later(after_s, self._look.set)
                return
            # The same step takes the next item, most of the time one of the same group.
            room = self._running and self._room(len(self._dealing) - 1 + self._promised) > 0
            for another in await self._spool.done(item, int(room)):
                self._start(another)
