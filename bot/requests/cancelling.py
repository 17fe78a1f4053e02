"""Cancellation of a job by its owner."""

import structlog

from bot.requests import acting
from bot.services import Services
from chat.texts import Texts
from jobs.errors import LedgerUnavailable
from ledger.jobs import Cancellation

log = structlog.get_logger(__name__)


async def cancel(services: Services, job_id: str, user: int) -> Cancellation:
    """Cancel a job, as `user` or as a chat that the user may act for.

    The delivery lane then updates the status message. A job that shared the cancelled job's result is
    published in its place.

    Raises:
        LedgerUnavailable: It is unknown whether the job was cancelled.
    """
    outcome, heir = await services.off(services.jobs.ledger.cancel, job_id, user)
    if outcome is Cancellation.FOREIGN and (job := await services.off(services.jobs.ledger.get, job_id)):
        owner = job.origin.user
        if await acting.may_act_as(services, user, owner):
            outcome, heir = await services.off(services.jobs.ledger.cancel, job_id, owner)
    log.info("cancel", job=job_id, outcome=outcome)
    if outcome is Cancellation.CANCELLED:
        try:
            await services.off(services.jobs.publisher.publish_delivery, job_id)
            if heir and (job := await services.off(services.jobs.ledger.get, heir)):
                await services.off(services.jobs.publisher.publish_generation, job)
        except LedgerUnavailable as error:
            log.warning("not published, the sweep will", job=job_id, error=repr(error))
    return outcome


def said(outcome: Cancellation, t: Texts) -> str:
    """Return the reply to the person who wanted to cancel."""
    match outcome:
        case Cancellation.CANCELLED:
            return t("Cancelled.")
        case Cancellation.CANCELLING:
            return t("Cancelling…")
        case Cancellation.LATE:
            return t("Too late to cancel: the result is on its way to you.")
        case Cancellation.ENDED:
            return t("This one has ended already.")
        case Cancellation.FOREIGN:
            return t("Only the person who asked for this can cancel it.")
        case Cancellation.MISSING:
            return gone(t)


def gone(t: Texts) -> str:
    """Return the reply for a job that is no longer kept."""
    return t("I no longer have this one. Send the words again to make a new one.")
