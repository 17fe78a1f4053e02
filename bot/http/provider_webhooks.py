"""POST /providers/{name}/webhook?job=ID&sig=...: a provider reports that a prediction has started or ended.

A webhook is only a hint: the slot that holds the job polls the provider itself. The exception is an orphan, a
job whose paid submission was never answered: the job takes its prediction's id from the webhook.
"""

from collections.abc import Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.http import body
from bot.services import Services
from jobs.errors import LedgerUnavailable
from jobs.signing import is_signature
from ledger import counters
from providers.webhooks import Hint, Verifier, WebhookRefused

log = structlog.get_logger(__name__)

MOST_BYTES = 8 << 20
"""Largest body; a prediction may contain small outputs as data: URLs."""
REMEMBERED_S = 660
"""Time (s) for which a delivery is remembered.

It is longer than a signature is valid, which is from 5 min before its timestamp to 5 min after.
"""


def route(services: Services, verifiers: Mapping[str, Verifier]) -> Route:
    """Return the route for all providers.

    Its responses: 200, received now or before. 401, the provider's signature is wrong or too old, or the body
    is no prediction. 403, the signature in the URL is not ours. 404, no such provider. 503, the ledger is
    away and the provider should retry.
    """
    secrets, count = services.settings.signing_secrets, services.metrics.count

    async def receive(request: Request) -> Response:
        name = request.path_params["name"]
        verify = verifiers.get(name)
        if verify is None:
            raise HTTPException(404)
        job_id = request.query_params.get("job", "")
        if not is_signature(secrets, job_id, request.query_params.get("sig", "")):
            count(counters.webhooks(name, "refused"))
            raise HTTPException(403)
        content = await body.read(request, MOST_BYTES)
        try:
            hint = verify(request.headers, content)
        except WebhookRefused as error:
            log.warning("webhook refused", job=job_id, reason=str(error))
            count(counters.webhooks(name, "refused"))
            raise HTTPException(401) from None
        try:
            news = await services.off(note, services, job_id, hint)
        except LedgerUnavailable as error:
            log.warning("webhook not noted", job=job_id, error=str(error))
            raise HTTPException(503) from None
        count(counters.webhooks(name, "received" if news else "repeated"))
        return Response()

    return Route("/providers/{name}/webhook", receive, methods=["POST"])


def note(services: Services, job_id: str, hint: Hint) -> bool:
    """Act on a genuine webhook once; return False for a repeated delivery.

    Raises:
        LedgerUnavailable: The ledger is away; the provider's retry does what is left.
    """
    if services.users.deduplication.is_set("webhook", hint.delivery):
        log.info("webhook heard before", job=job_id)
        return False
    adopted = services.jobs.ledger.adopt(job_id, hint.prediction)
    woken = hint.ended and services.jobs.ledger.wake(job_id)
    services.users.deduplication.first("webhook", hint.delivery, REMEMBERED_S)
    log.info("webhook", job=job_id, ended=hint.ended, adopted=adopted, woken=woken)
    return True
