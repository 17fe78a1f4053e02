"""The bot's admission for programs without an event loop: tests and benchmarks."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Origin, Request, Tier
from ledger import connections
from ledger.admission import Admission, Answer, Hit

T = TypeVar("T")

_PATIENCE_S = 60.0
"""Longest wait for an admission (s), enough for a busy machine."""


@asynccontextmanager
async def opened(settings: Settings, rates: Mapping[Tier, Rate]) -> AsyncIterator[Admission]:
    """Open the bot's admission on its own connections; the end of the block closes them."""
    async with connections.opened(settings) as redis:
        yield Admission(redis.pipeline, settings, rates)


class BlockingAdmission:
    """The bot's admission in its own thread, for callers that block until each decision.

    A context manager; several threads may share it.
    """

    def __init__(self, settings: Settings, rates: Mapping[Tier, Rate] | None = None) -> None:
        self._settings = settings
        self._rates = rates or {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="admission", daemon=True)
        self._open = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        self._admission = self._run(self._open.enter_async_context(opened(self._settings, self._rates)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._open.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def admit(
        self,
        job_id: str,
        request: Request,
        origin: Origin,
        *,
        fresh: bool = False,
        hit: Hit | None = None,
        price_usd: float = 0.0,
        provider: str = "",
    ) -> Answer:
        """Call `Admission.admit` and wait for the decision."""
        return self._run(
            self._admission.admit(
                job_id, request, origin, fresh=fresh, hit=hit, price_usd=price_usd, provider=provider
            )
        )

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_PATIENCE_S)


def admit_once(
    settings: Settings, job_id: str, request: Request, origin: Origin, *, fresh: bool = False
) -> Answer:
    """Admit one request over its own connection."""
    with BlockingAdmission(settings) as admission:
        return admission.admit(job_id, request, origin, fresh=fresh)
