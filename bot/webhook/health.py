"""GET /healthz: the process lives. GET /readyz: it can take updates, which takes a ledger that answers."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.services import Services
from jobs.errors import LedgerUnavailable

ANSWERS_WITHIN_S = 2.0
PATHS = ("/healthz", "/readyz")


def routes(services: Services, started: Callable[[], bool]) -> list[Route]:
    """Both routes; `started` is False until the bot can handle updates."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    asked: asyncio.Task[None] | None = None

    async def ledger_answers() -> None:
        # However many ask, strangers among them, the ledger is asked once at a time.
        nonlocal asked
        if asked is None or asked.done():
            asked = asyncio.create_task(_within(services.off(services.ledger.ping)))
            asked.add_done_callback(_seen)
        await asyncio.shield(asked)

    async def readyz(_request: Request) -> Response:
        if not started():
            return PlainTextResponse("Telegram has not answered yet\n", 503)
        try:
            await ledger_answers()
        except (LedgerUnavailable, TimeoutError):
            return PlainTextResponse("the ledger does not answer\n", 503)
        return PlainTextResponse("ready\n")

    return [Route(path, answer) for path, answer in zip(PATHS, (healthz, readyz), strict=True)]


async def _within(asking: Awaitable[object]) -> None:
    await asyncio.wait_for(asking, ANSWERS_WITHIN_S)


def _seen(asked: asyncio.Task[None]) -> None:
    """Take its error as told: whoever asked may have gone."""
    if not asked.cancelled():
        asked.exception()
