"""The buttons under a job: Cancel, Again, Variation, Animate."""

from telegram import CallbackQuery, Message, Update

from bot import incoming
from bot.replies import retract, toast
from bot.requests import builder, cancelling, submit
from bot.services import Services
from chat.keyboards import Action, Press
from chat.texts import Texts
from jobs import ids
from jobs.model import Job, Kind, Request
from ledger.jobs import Cancellation

ALERTS = frozenset({Cancellation.LATE, Cancellation.FOREIGN, Cancellation.MISSING})


async def cancel(services: Services, update: Update, press: Press) -> None:
    """Only the owner may, be it a person or a chat that the presser may act for; others are told so."""
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    job = await services.off(services.ledger.get, press.job_id)
    left_over = job is not None and await _is_left_over(services, job, query)
    outcome = await cancelling.cancel(services, press.job_id, query.from_user.id)
    await toast(query, cancelling.said(outcome, t), alert=outcome in ALERTS)
    if job is not None and left_over and query.message:
        await retract(services, job.origin, query.message.message_id)


async def remake(services: Services, update: Update, press: Press) -> None:
    """A new job of whoever pressed, made from the one above the button."""
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    job = await services.off(services.ledger.get, press.job_id)
    if job is None or query.message is None or not _visible(job, query):
        await toast(query, cancelling.gone(t), alert=True)
        return
    press_id = await _first_press(services, query)
    request = _request(services, job, press.action, press_id)
    if request is None:
        await toast(query, no_animation(t), alert=True)
        return
    job_id = ids.from_press(services.gateway.bot.id, press_id)
    origin = incoming.origin(query.from_user, query.message)
    fresh = press.action is Action.AGAIN
    refusal = await submit.take(services, job_id, request, origin, fresh=fresh)
    await toast(query, refusal.text if refusal else "", alert=refusal is not None)


async def _first_press(services: Services, query: CallbackQuery) -> str:
    """Return the id of the press that this one repeats: of a double tap the first, else its own."""
    where = query.message
    place = f"{where.chat.id}:{where.message_id}" if where else ""
    return await services.presses.first(query.id, f"{query.from_user.id}:{place}:{query.data}")


def no_animation(t: Texts) -> str:
    """For a button whose job cannot be animated."""
    return t("This one cannot be animated: it takes a finished picture and a model that makes videos of it.")


def _request(services: Services, job: Job, action: Action, press_id: str) -> Request | None:
    if action is Action.VARY:
        return builder.variation(job, press_id, services.catalogue)
    if action is Action.AGAIN:
        return builder.again(job, services.catalogue)
    animator = services.catalogue.animator()
    if animator is None or job.request.kind is not Kind.IMAGE or job.artifact is None:
        return None
    return builder.animation(job, animator)


async def _is_left_over(services: Services, job: Job, query: CallbackQuery) -> bool:
    """Return whether the pressed message is a status message of a job whose end the chat has elsewhere.

    A bot that was cut off between posting and noting a status message leaves one that the ledger does not
    know. A press is the only sign of it: before the job's end the message is tied to its job, afterwards it
    is in the way. A list of jobs has buttons to cancel too, but is no answer to the job's own request.
    """
    message = query.message
    if not isinstance(message, Message) or message.chat.id != job.origin.chat:
        return False
    asked = message.reply_to_message
    if message.message_id == job.message or not asked or asked.message_id != job.origin.reply_to:
        return False
    if job.message:
        return job.told
    return not await services.off(services.ledger.posted, job, message.message_id)


def _visible(job: Job, query: CallbackQuery) -> bool:
    """Whether whoever pressed has seen the job: what a press carries is in the hands of the sender."""
    here = query.message is not None and job.origin.chat == query.message.chat.id
    return here or job.origin.user == query.from_user.id
