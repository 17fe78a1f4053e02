"""The way of a request into the ledger, onto the broker and into the chat."""

import asyncio
import uuid

import structlog

from bot import heeding
from bot.inbound import ack
from bot.replies import retract
from bot.requests import cancelling
from bot.requests.builder import model_of
from bot.requests.rejections import Rejection, refusal
from bot.retries import ledger_back
from bot.services import Services
from chat import status
from chat.errors import OutcomeUnknown, Unreachable
from chat.texts import texts
from jobs.digest import digest_of
from jobs.errors import DarkroomError, LedgerUnavailable
from jobs.model import Job, Origin, Request
from jobs.states import State
from ledger.admission import Answer, Blocked, Busy, Limited, OverBudget
from ledger.queue_position import QueuePosition

log = structlog.get_logger(__name__)

NOTED_S = 60.0
"""So long a status message waits for a ledger that is away, to be posted and to be noted. One that is not
noted stays in the chat for ever, beside the result."""


async def take(
    services: Services, job_id: str, request: Request, origin: Origin, *, fresh: bool = False
) -> Rejection | None:
    """Admit a request, show its status message and publish it; answers why, where it is not taken.

    Raises LedgerUnavailable where nothing could be decided. `fresh`: a result of its own, neither shared
    nor from the cache. A request that comes again (Telegram repeats updates that a dying bot did not
    confirm) takes the same way: each step is done once, by whichever of the two gets there.
    """
    if await _forbidden(services, request.prompt):
        log.info("request", job=job_id, kind=request.kind, model=request.model, answer="Refused")
        t = texts(origin.language)
        return Rejection(t("That is something I do not make. Tell me something else that you want to see."))
    answer = await _decide(services, job_id, request, origin, fresh)
    log.info("request", job=job_id, kind=request.kind, model=request.model, answer=type(answer).__name__)
    if isinstance(answer, Limited | Busy | OverBudget | Blocked):
        eta_s = await _eta(services, request, answer)
        return refusal(answer, eta_s, texts(origin.language))
    ack.accept()
    structlog.contextvars.bind_contextvars(job=job_id)
    await asyncio.gather(
        _show(services, answer.job),
        _publish(services, answer.job),
        seen(services, origin),
        heeding.made_a_job(services, origin.user),
    )
    return None


async def seen(services: Services, origin: Origin) -> None:
    """Put whoever writes into the register of users; what goes wrong with that stops nothing else."""
    try:
        await services.off(services.people.seen, origin.user, origin.chat, origin.language)
    except LedgerUnavailable as error:
        log.warning("user not registered", error=str(error))


async def _forbidden(services: Services, prompt: str) -> bool:
    """Whether the prompt filter does not let these words through; if so they are counted."""
    if not services.prompt_filter.refuses(prompt):
        return False
    try:
        await services.off(services.statistics.prompt_refused)
    except LedgerUnavailable as error:
        log.warning("refusal not counted", error=str(error))
    return True


async def _decide(services: Services, job_id: str, request: Request, origin: Origin, fresh: bool) -> Answer:
    hit = None if fresh else await services.cache.get(digest_of(request))
    model = services.catalogue.models[request.model]
    return await services.admission.admit(
        job_id, request, origin, fresh=fresh, hit=hit, price_usd=model.price_usd, provider=model.provider
    )


async def _eta(services: Services, request: Request, answer: Answer) -> float:
    """Seconds until a place in the lane may be free; 0 where nobody is told."""
    if not isinstance(answer, Busy) or answer.lane is None or not answer.first:
        return 0.0
    typical = services.catalogue.models[request.model].typical_s
    return await services.lane_eta.expect(answer.lane, request.model, typical)


async def _publish(services: Services, job: Job) -> None:
    try:
        if job.state is State.ACCEPTED:
            await services.off(services.publisher.publish_generation, job)
            await services.off(services.ledger.published, job.id)
        elif job.state is State.STORED:
            await services.off(services.publisher.publish_delivery, job.id)
    except DarkroomError as error:
        log.warning("not published, the sweep will", error=repr(error))


async def _show(services: Services, job: Job) -> None:
    """Post the status message. Without one the job goes on: its result comes as a message of its own."""
    if job.cached:
        return  # the result itself is the first message
    me = uuid.uuid4().hex
    try:
        first, place = await ledger_back(lambda: services.off(_first, services, job, me), NOTED_S)
        if not first:
            return
        message = await _post(services, job, status.waiting(job, place, texts(job.origin.language)))
        if not await ledger_back(lambda: services.off(services.ledger.posted, job, message), NOTED_S):
            await retract(services, job.origin, message)
        elif place is not None:
            await services.off(services.waiting.show, job.id, place)
    except Unreachable:
        log.info("cancelled, the chat cannot be written to")
        await cancelling.cancel(services, job.id, job.origin.user)
    except DarkroomError as error:
        log.warning("no status message", error=repr(error))


async def _post(services: Services, job: Job, view: status.View) -> int:
    """Post it. What has surely not been posted leaves no mark: the result need not wait for it to appear."""
    try:
        return await services.gateway.post(job.origin, view)
    except OutcomeUnknown:
        raise
    except DarkroomError:
        await ledger_back(lambda: services.off(services.ledger.again, job.id, "status"), NOTED_S)
        raise


def _first(services: Services, job: Job, me: str) -> tuple[bool, QueuePosition | None]:
    """Whether nobody but `me` has shown this job yet, and its place in the lane."""
    typical = model_of(job, services.catalogue).typical_s
    first = services.ledger.once(job.id, "status", me)
    return first, services.waiting.place(job, typical) if first else None
