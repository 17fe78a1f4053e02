"""Who is listened to: who writes or presses more than REFUSED_RATE_LIMIT is told so once, then ignored."""

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
    """The handler, for messages of people who are listened to."""

    async def listening(services: Services, update: Update) -> None:
        if await listens(services, update):
            await handle(services, update)

    return listening


async def listens(services: Services, update: Update) -> bool:
    """Return whether a message that is surely meant for the bot is dealt with; it costs its writer a token,
    which comes back where it becomes a job. Raises LedgerUnavailable where the update comes again."""
    user, message = incoming.speech(update)
    heed = await _pay(services, incoming.writer(message))
    if heed.first:
        await _tell(services, update, incoming.origin(user, message), heed.wait_s)
    if not heed.given:
        ack.accept()
    return heed.given


async def listens_to_press(services: Services, update: Update) -> bool:
    """As `listens`, for a press."""
    query = incoming.pressed(update)
    heed = await _pay(services, query.from_user.id)
    if heed.first:
        await toast(query, too_much(heed.wait_s, incoming.language(query.from_user)), alert=True)
    if not heed.given:
        ack.accept()
    return heed.given


async def made_a_job(services: Services, user: int) -> None:
    """The token of what has become a job goes back; it matters little where that fails."""
    try:
        await services.attention.give_back(user)
    except LedgerUnavailable as error:
        log.warning("token not given back", error=str(error))


def too_much(wait_s: float, t: Texts) -> str:
    """What is said once."""
    wait = status.duration(wait_s, t)
    return t("You write faster than I can answer. I leave unread what comes in the next {wait}.", wait=wait)


async def _tell(services: Services, update: Update, origin: Origin, wait_s: float) -> None:
    """Say it, once in a while, whatever else waits for the chat: silence without a word would look like a
    fault."""
    name, text = f"{update.update_id}:{origin.chat}:ignored", too_much(wait_s, texts(origin.language))
    try:
        await services.reply_sender.say(name, origin, text, urgent=True)
    except LedgerUnavailable as error:
        log.warning("not told that nobody listens", error=str(error))


async def _pay(services: Services, user: int) -> Heed:
    try:
        return await services.attention.pay(user)
    except LedgerUnavailable:
        if ack.pending():
            raise
        return Heed(given=True)  # the handler finds out by itself what it needs of the ledger
