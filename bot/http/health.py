"""GET /healthz: the process is alive. GET /readyz: it can take updates, for which the ledger must answer."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.services import Services
from jobs.errors import LedgerUnavailable
from serving.sharing import Shared

ANSWERS_WITHIN_S = 2.0
"""Longest wait for the ledger's answer to a ping."""
PATHS = ("/healthz", "/readyz")


def routes(services: Services, started: Callable[[], bool]) -> list[Route]:
    """Return both routes; `started` returns False until the bot can handle updates."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    ledger_answers = Shared(
        lambda: asyncio.wait_for(services.off(services.jobs.ledger.ping), ANSWERS_WITHIN_S)
    )

    async def readyz(_request: Request) -> Response:
        if not started():
            return PlainTextResponse("Telegram has not answered yet\n", 503)
        try:
            await ledger_answers()
        except (LedgerUnavailable, TimeoutError):
            return PlainTextResponse("the ledger does not answer\n", 503)
        return PlainTextResponse("ready\n")

    return [Route(path, answer) for path, answer in zip(PATHS, (healthz, readyz), strict=True)]
