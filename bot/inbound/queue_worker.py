"""Works through a spool: with what this process keeps at once, if it has room, and with what waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.draining import drain
from jobs.errors import LedgerUnavailable
from ledger.queues.durable_queue import DurableQueue, Enqueued, Item

log = structlog.get_logger(__name__)

LOOK_S = 0.5
"""So often things are looked for that wait, or that a process which died had taken up."""
AGAIN_S = 1.0
"""After this time comes again what could not be dealt with."""
_AT_A_TIME = 16
"""Things taken up in one step. Between two of them others have their turn on the event loop."""


class PutOff(Exception):
    """A thing cannot be dealt with now, and surely can after so many seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(after_s)
        self.after_s = after_s


class QueueWorker:
    """`run` until its task is cancelled, then `finish`.

    `deal` deals with a thing: True when that is done (or never will be), False where it must come again after
    a while, and PutOff where it is known after which.
    `room` is asked how many more may be taken up, given how many are being dealt with.
    """

    def __init__(
        self, spool: DurableQueue, deal: Callable[[Item], Awaitable[bool]], room: Callable[[int], int]
    ) -> None:
        self._spool = spool
        self._deal = deal
        self._room = room
        self._dealing: set[asyncio.Task[None]] = set()
        self._promised = 0
        self._behind = False
        self._running = False
        self._look = asyncio.Event()

    async def keep(self, item: Item, *, urgent: bool = False) -> Enqueued:
        """Keep a thing; it is in Redis by the time this returns, unless FULL. Raises LedgerUnavailable.

        `urgent`: however much of its group and owner is kept already.
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
        """Look after what waits, until cancelled."""
        self._running = True
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._look.wait()
                self._look.clear()
                with suppress(LedgerUnavailable):  # whoever needs it now says so
                    await self._take_up()
        finally:
            self._running = False

    async def finish(self, within_s: float) -> None:
        """Let what is being dealt with end. The rest another process takes up."""
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
        # Without Redis the lease lapses, and somebody deals with it once more.
        with suppress(LedgerUnavailable):
            if after_s is not None:
                await self._spool.again(item, after_s)
                asyncio.get_running_loop().call_later(after_s, self._look.set)
                return
            # In its place comes the next, in the same step: most of the time that of its own group.
            room = self._running and self._room(len(self._dealing) - 1 + self._promised) > 0
            for another in await self._spool.done(item, int(room)):
                self._start(another)
