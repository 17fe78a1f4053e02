"""The Telegram gateway for threads: one event loop in a thread of its own serves all slots."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog

from chat.errors import Dropped
from chat.gateway import Gateway
from jobs.errors import DarkroomError

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Chat:
    """Runs coroutines of a gateway for any thread. Connects at the first call; the owner closes it.

    Args:
        make: Makes the gateway.
        longest_s: Longest time that `call` waits for one call (s).
    """

    def __init__(self, make: Callable[[], Gateway], longest_s: float) -> None:
        self._make = make
        self._longest = longest_s
        self._gateway: Gateway | None = None
        self._connecting = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat", daemon=True)
        self._thread.start()

    def call(self, use: Callable[[Gateway], Coroutine[Any, Any, T]]) -> T:
        """Run a call and return its result: `chat.call(lambda gateway: gateway.show(job, view))`.

        Raises what the gateway raises, and TimeoutError after `longest_s`.
        """
        return self._start(use).result(self._longest)

    def post(self, use: Callable[[Gateway], Coroutine[Any, Any, T]]) -> None:
        """Start a call without waiting for it. For calls that may fail unnoticed, such as progress."""
        self._start(use).add_done_callback(_log_failure)

    def close(self) -> None:
        """Close the gateway, then the loop."""
        try:
            asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop).result(5)
        except (TimeoutError, DarkroomError, OSError) as error:
            log.warning("the gateway did not close", error=repr(error))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _start(self, use: Callable[[Gateway], Coroutine[Any, Any, T]]) -> "Future[T]":
        async def run() -> T:
            return await use(await self._connected())

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    async def _connected(self) -> Gateway:
        async with self._connecting:
            if self._gateway is None:
                gateway = self._make()
                await gateway.__aenter__()
                self._gateway = gateway
            return self._gateway

    async def _disconnect(self) -> None:
        if self._gateway is not None:
            await self._gateway.__aexit__(None, None, None)


def _log_failure(done: "Future[Any]") -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None and not isinstance(error, Dropped):
        log.info("progress not shown", error=repr(error))
