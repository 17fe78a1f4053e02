"""POST /telegram: updates from Telegram, answered when they are safe in Redis."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.http import body
from bot.inbound import reading
from bot.inbound.inbox import Inbox
from bot.inbound.registration import PATH
from jobs.errors import LedgerUnavailable
from jobs.signing import is_one_of
from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.queues.durable_queue import Enqueued

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MOST_BYTES = 1 << 20
"""An update is a few kB; the longest text with all its entities stays far below this."""
_COUNTED = {
    Enqueued.TAKEN: "received",
    Enqueued.WAITS: "received",
    Enqueued.KNOWN: "repeated",
    Enqueued.FULL: "put_off",
}


def route(inbox: Inbox, secrets: Sequence[str], tally: MetricsBuffer) -> Route:
    """The route for Telegram, which says one of the secrets.

    200: taken, now or before. 401, 403: not Telegram. 400, 413: no update. 503: to come again.
    """

    async def receive(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER)
        if given is None or not is_one_of(secrets, given):
            tally.count(counters.webhooks("telegram", "refused"))
            raise HTTPException(401 if given is None else 403)
        update = reading.text_of(await body.read(request, MOST_BYTES))
        if update is None:
            raise HTTPException(400)
        try:
            kept = await inbox.take(update)
        except LedgerUnavailable:
            kept = Enqueued.FULL
        tally.count(counters.webhooks("telegram", _COUNTED[kept]))
        return Response(status_code=503 if kept is Enqueued.FULL else 200)

    return Route(PATH, receive, methods=["POST"])
