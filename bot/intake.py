"""The way of a request into the ledger, onto the broker and into the chat."""

import asyncio

import structlog

from bot.making import model_of
from bot.replies import retract
from bot.services import Services
from chat import status
from chat.errors import Unreachable
from chat.texts import texts
from jobs.errors import DarkroomError
from jobs.model import Job, Origin, Request
from jobs.states import State
from jobs.waiting import Place

log = structlog.get_logger(__name__)


async def take(services: Services, job_id: str, request: Request, origin: Origin) -> None:
    """Admit a request, show its status message and publish it; raises LedgerUnavailable if not admitted.

    A request that comes again (Telegram repeats updates that a dying bot did not confirm) takes the same
    way: each step is done once, by whichever of the two gets there.
    """
    admission = await services.off(services.ledger.admit, job_id, request, origin)
    job = admission.job
    structlog.contextvars.bind_contextvars(job=job.id)
    log.info("request", kind=request.kind, model=request.model, lane=job.lane, duplicate=admission.duplicate)
    await asyncio.gather(_show(services, job), _publish(services, job))


async def _publish(services: Services, job: Job) -> None:
    if job.state is not State.ACCEPTED:
        return
    try:
        await services.off(services.publisher.publish_generation, job)
        await services.off(services.ledger.published, job.id)
    except DarkroomError as error:
        log.warning("not published, the sweep will", error=repr(error))


async def _show(services: Services, job: Job) -> None:
    """Post the status message. Without one the job goes on: its result comes as a message of its own."""
    try:
        first, place = await services.off(_first, services, job)
        if not first:
            return
        view = status.waiting(job, place, texts(job.origin.language))
        message = await services.gateway.post(job.origin, view)
        if not await services.off(_posted, services, job, message):
            await retract(services, job.origin, message)
    except Unreachable:
        log.info("cancelled, the chat cannot be written to")
        await services.off(services.ledger.cancel, job.id, job.origin.user)
    except DarkroomError as error:
        log.warning("no status message", error=repr(error))


def _posted(services: Services, job: Job, message: int) -> bool:
    """Tie the message to the job; False where the chat was given the job's end while this was on its way."""
    now = services.ledger.get(job.id)
    if now is None or now.told:
        return False
    services.ledger.posted(job, message)
    return True


def _first(services: Services, job: Job) -> tuple[bool, Place | None]:
    """Whether nobody has shown this job yet, and its place in the lane."""
    typical = model_of(job, services.catalogue).typical_s
    first = services.ledger.once(job.id, "status")
    return first, services.waiting.place(job, typical) if first else None
