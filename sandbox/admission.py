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
from ledger.admission import Admission, Answer, Hit
from ledger.connection import connect_async
from ledger.pipeline import SharedPipeline

T = TypeVar("T")

ANSWER_S = 5.0
"""Longest wait for one answer of Redis, as the bot has it."""
_PATIENCE_S = 60.0
"""Longest wait for an admission, on a machine that is busy with other things."""


@asynccontextmanager
async def opened(settings: Settings, rates: Mapping[Tier, Rate]) -> AsyncIterator[Admission]:
    """Open an admission as the bot has it, on connections of its own; the block's end closes them."""
    client = connect_async(settings.ledger_redis(), ANSWER_S)
    pipeline = SharedPipeline(client, settings.redis_wait_replicas)
    try:
        yield Admission(pipeline, settings, rates)
    finally:
        await pipeline.close()
        await client.aclose()


class BlockingAdmission:
    """The bot's admission in a thread of its own, for callers that wait for each answer.

    A context manager; safe to share between threads.
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
        """Call `Admission.admit` and wait for its answer."""
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
    """Admit one request, on a connection of its own."""
    with BlockingAdmission(settings) as admission:
        return admission.admit(job_id, request, origin, fresh=fresh)
