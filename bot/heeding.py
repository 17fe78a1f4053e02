"""The rate limit on messages and presses that become no job.

A person who exceeds REFUSED_RATE_LIMIT is told so once, and is then ignored until their token bucket is full
again.
"""

from collections.abc import Awaitable, Callable

import structlog
from telegram import Update

from bot import incoming
from bot.inbound import ack
from bot.replies import toast
from bot.services import Services
from chat import status
from chat.texts import Texts, texts
from jobs.errors import LedgerUnavailable
from jobs.model import Origin
from ledger.limits.attention import Heed

log = structlog.get_logger(__name__)

Handle = Callable[[Services, Update], Awaitable[None]]


def heeded(handle: Handle) -> Handle:
    """Return the handler, wrapped so that it gets only messages of people who are listened to."""

    async def listening(services: Services, update: Update) -> None:
        if await listens(services, update):
            await handle(services, update)

    return listening


async def listens(services: Services, update: Update) -> bool:
    """Take a token from the writer of a message, and return whether the message is to be handled.

    Call this only for a message that is surely meant for the bot. `made_a_job` gives the token back.

    Raises:
        LedgerUnavailable: The ledger is away, and the update will be redelivered. Where it will not be, the
            message is let through.
    """
    user, message = incoming.speech(update)
    heed = await _pay(services, incoming.writer(message))
    if heed.first:
        await _tell(services, update, incoming.origin(user, message), heed.wait_s)
    if not heed.given:
        ack.accept()
    return heed.given


async def listens_to_press(services: Services, update: Update) -> bool:
    """Do as `listens` does, for the press of a button."""
    query = incoming.pressed(update)
    heed = await _pay(services, query.from_user.id)
    if heed.first:
        await toast(query, too_much(heed.wait_s, incoming.language(query.from_user)), alert=True)
    if not heed.given:
        ack.accept()
    return heed.given


async def made_a_job(services: Services, user: int) -> None:
    """Give back the token of a message or press that became a job; a failure is only logged."""
    try:
        await services.users.attention.give_back(user)
    except LedgerUnavailable as error:
        log.warning("token not given back", error=str(error))


def too_much(wait_s: float, t: Texts) -> str:
    """Return the one text that a person over the limit gets."""
    wait = status.wait(wait_s, t)
    return t("You write faster than I can answer. I leave unread what comes in the next {wait}.", wait=wait)


async def _tell(services: Services, update: Update, origin: Origin, wait_s: float) -> None:
    """Tell the person that they are ignored, as silence without a word would look like a fault.

    The reply is urgent: it is kept even where the limits on waiting replies are reached.
    """
    name, text = f"{update.update_id}:{origin.chat}:ignored", too_much(wait_s, texts(origin.language))
    try:
        await services.reply_sender.say(name, origin, text, urgent=True)
    except LedgerUnavailable as error:
        log.warning("not told that nobody listens", error=str(error))


async def _pay(services: Services, user: int) -> Heed:
    try:
        return await services.users.attention.pay(user)
    except LedgerUnavailable:
        if ack.pending():
            raise
        return Heed(given=True)  # the handler sees for itself whether it needs the ledger
