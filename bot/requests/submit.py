"""Submission of a request: into the ledger, onto the broker and into the chat."""

import asyncio
import uuid
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

import retries
from bot import heeding
from bot.inbound import ack
from bot.replies import retract
from bot.requests import cancelling
from bot.requests.builder import model_of
from bot.requests.rejections import Rejection, refusal
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
P = ParamSpec("P")
T = TypeVar("T")

NOTED_S = 60.0
"""Longest wait (s) for a ledger that is away, before a status message is posted and after.

A status message that was posted and never noted in the ledger stays in the chat for ever, beside the result.
"""


async def take(
    services: Services, job_id: str, request: Request, origin: Origin, *, fresh: bool = False
) -> Rejection | None:
    """Admit a request, post its status message and publish its job.

    A repeated request is harmless: Telegram redelivers updates that a dying bot did not confirm. Each step is
    done once, by the first call that gets to it.

    Args:
        services: The services of the process.
        job_id: The id of the job to be; the same for a repeated request.
        request: The request.
        origin: The message or press that made the request.
        fresh: Make a new result, neither shared with another job nor from the cache.

    Returns:
        Why the request was not admitted; None where it was.

    Raises:
        LedgerUnavailable: The ledger is away, and nothing was decided.
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
    """Note the writer in the register of users; a failure is only logged."""
    try:
        await services.off(services.users.people.seen, origin.user, origin.chat, origin.language)
    except LedgerUnavailable as error:
        log.warning("user not registered", error=str(error))


async def _forbidden(services: Services, prompt: str) -> bool:
    """Return whether the prompt filter refuses the prompt; a refusal is counted."""
    if not services.prompt_filter.refuses(prompt):
        return False
    try:
        await services.off(services.admin.statistics.prompt_refused)
    except LedgerUnavailable as error:
        log.warning("refusal not counted", error=str(error))
    return True


async def _decide(services: Services, job_id: str, request: Request, origin: Origin, fresh: bool) -> Answer:
    hit = None if fresh else await services.jobs.cache.get(digest_of(request))
    model = services.catalogue.models[request.model]
    return await services.jobs.admission.admit(
        job_id, request, origin, fresh=fresh, hit=hit, price_usd=model.price_usd, provider=model.provider
    )


async def _eta(services: Services, request: Request, answer: Answer) -> float:
    """Return the seconds until a place in the lane may be free; 0 where the reply does not say so."""
    if not isinstance(answer, Busy) or answer.lane is None or not answer.first:
        return 0.0
    typical = services.catalogue.models[request.model].typical_s
    return await services.jobs.lane_eta.expect(answer.lane, request.model, typical)


async def _publish(services: Services, job: Job) -> None:
    try:
        if job.state is State.ACCEPTED:
            await services.off(services.jobs.publisher.publish_generation, job)
            await services.off(services.jobs.ledger.published, job.id)
        elif job.state is State.STORED:
            await services.off(services.jobs.publisher.publish_delivery, job.id)
    except DarkroomError as error:
        log.warning("not published, the sweep will", error=repr(error))


async def _show(services: Services, job: Job) -> None:
    """Post the status message. If that fails the job goes on, and its result comes as a new message."""
    if job.cached:
        return  # the result itself is the first message
    me = uuid.uuid4().hex
    try:
        first, place = await _noted(services, _first, services, job, me)
        if not first:
            return
        message = await _post(services, job, status.waiting(job, place, texts(job.origin.language)))
        if not await _noted(services, services.jobs.ledger.posted, job, message):
            await retract(services, job.origin, message)
        elif place is not None:
            await services.off(services.jobs.waiting.show, job.id, place)
    except Unreachable:
        log.info("cancelled, the chat cannot be written to")
        await cancelling.cancel(services, job.id, job.origin.user)
    except DarkroomError as error:
        log.warning("no status message", error=repr(error))


async def _post(services: Services, job: Job, view: status.View) -> int:
    """Post the status message and return its id.

    Where it surely was not posted, its mark in the ledger is taken back, so that the result does not wait for
    a status message to appear.
    """
    try:
        return await services.gateway.post(job.origin, view)
    except OutcomeUnknown:
        raise
    except DarkroomError:
        await _noted(services, services.jobs.ledger.again, job.id, "status")
        raise


async def _noted(services: Services, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a blocking call to the ledger, again until the ledger takes it or NOTED_S are over."""
    return await retries.ledger_back(NOTED_S).call_async(lambda: services.off(call, *args, **kwargs))


def _first(services: Services, job: Job, me: str) -> tuple[bool, QueuePosition | None]:
    """Return whether `me` is the first caller to post the job's status message, and the job's place."""
    typical = model_of(job, services.catalogue).typical_s
    first = services.jobs.ledger.once(job.id, "status", me)
    return first, services.jobs.waiting.place(job, typical) if first else None
