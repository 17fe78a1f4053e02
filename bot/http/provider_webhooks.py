"""POST /providers/{name}/webhook?job=ID&sig=...: a provider says that a prediction has started or ended.

It is a hint, no more: the slot that holds the job asks the provider itself. Only an orphan, a job whose paid
submission was never answered, takes the prediction's id from here.
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
"""A prediction may carry small outputs in itself, as data: URLs."""
REMEMBERED_S = 660
"""Signatures are good for 5 min before and after their time; a delivery is remembered for longer."""


def route(services: Services, verifiers: Mapping[str, Verifier]) -> Route:
    """The route for all providers.

    200: heard, or heard before. 401: the provider's signature is wrong, too old, or for no prediction.
    403: the URL is none of ours. 404: no such provider. 503: the ledger is away, to come again.
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
    """Act on a genuine webhook, once; False for one that was heard before.

    Raises LedgerUnavailable; the repetition then does what is left.
    """
    if services.deduplication.is_set("webhook", hint.delivery):
        log.info("webhook heard before", job=job_id)
        return False
    adopted = services.ledger.adopt(job_id, hint.prediction)
    woken = hint.ended and services.ledger.wake(job_id)
    services.deduplication.first("webhook", hint.delivery, REMEMBERED_S)
    log.info("webhook", job=job_id, ended=hint.ended, adopted=adopted, woken=woken)
    return True
