"""What no other handler takes: other media, edits, unknown commands, errors."""

import difflib
from collections.abc import Iterable

import structlog
from telegram import Message, Update

from bot import incoming
from bot.heeding import listens
from bot.inbound import ack
from bot.replies import say, toast
from bot.requests.builder import model_of
from bot.requests.parser import RequestError, measured, read
from bot.services import Services
from chat.errors import MessageGone
from chat.texts import Texts
from jobs import ids
from jobs.errors import DarkroomError, LedgerUnavailable
from jobs.model import Job

log = structlog.get_logger(__name__)

EDITED_S = 86_400
"""Within this time a person is told once that the edit of a message changes nothing."""
ALBUM_S = 600
"""The pictures of an album come within this time."""


async def media(services: Services, update: Update) -> None:
    """A sticker, a photo, a voice message...: say what to send instead, once for an album."""
    user, message = incoming.speech(update)
    if message.media_group_id is not None:
        # Telegram sends one message for each picture, and any replica may get it.
        album = f"{message.chat.id}:{message.media_group_id}"
        if not await services.off(services.deduplication.first, "album", album, ALBUM_S):
            return
    t = incoming.language(user)
    await say(services, update, t("I work from words alone. Describe what you want to see, and I make it."))


async def edited(services: Services, update: Update) -> None:
    """An edit of a request changes nothing: say so once. Telegram also tells of edits that change no word."""
    user, message = incoming.speech(update)
    job_id = ids.from_message(services.gateway.bot.id, message.chat.id, message.message_id)
    job = await services.off(services.ledger.get, job_id)
    if job is None or not await listens(services, update) or _asks_for_the_same(services, message, job):
        return
    if not await services.off(services.deduplication.first, "edited", job_id, EDITED_S):
        return
    t = incoming.language(user)
    await say(services, update, t("An edit does not change a job. Send it again as a new message."))


def _asks_for_the_same(services: Services, message: Message, job: Job) -> bool:
    """Return whether an edited message still says what the job was made of."""
    text = incoming.after_command(incoming.without_mention(message.text or "", services.gateway.bot.username))
    try:
        text = measured(text, services.settings.prompt_max_chars)
        wanted = read(text, model_of(job, services.catalogue), services.catalogue)
    except RequestError:
        return False
    # A job's prompt and options may hold more: those of the result that it goes on from, or of /settings.
    words = job.request.prompt == wanted.prompt or job.request.prompt.endswith(f", {wanted.prompt}")
    return words and wanted.options.items() <= job.request.options.items()


async def command(services: Services, update: Update, known: Iterable[str]) -> None:
    """An unknown command; not one for another bot, and in groups only one that names this bot. The closest of
    the `known` names is suggested."""
    user, message = incoming.speech(update)
    bot = services.gateway.bot
    name, whom = incoming.command(message)
    named = incoming.names(message, bot)
    if not named and (whom or not incoming.is_private(message.chat)):
        return
    if not await listens(services, update):
        return
    t = incoming.language(user)
    if close := closest(name, known):
        answer = t("I do not know /{name}. Did you mean /{close}?", name=name, close=close)
    else:
        answer = t("I do not know /{name}. Send /help to see what I can do.", name=name)
    await say(services, update, answer)


def closest(name: str, known: Iterable[str]) -> str:
    """Return the command that somebody may have meant; empty where none is close."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)), "")


async def error(services: Services, update: object, trouble: BaseException | None) -> None:
    """Log what a handler could not deal with, and tell the person where that can help."""
    if isinstance(trouble, LedgerUnavailable):
        log.warning("the ledger is out of reach", error=str(trouble))
        if ack.refuse():
            return
    elif isinstance(trouble, DarkroomError):
        log.warning("not answered", error=repr(trouble))
        if not isinstance(update, Update) or update.callback_query is None:
            return  # a chat that takes no answer takes no apology; a press is answered beside the chat
    else:
        log.error("handler failed", exc_info=trouble)
    if not isinstance(update, Update) or update.effective_user is None:
        return
    try:
        await _apologize(services, update, incoming.language(update.effective_user), trouble)
    except DarkroomError as second:
        log.warning("not answered", error=repr(second))


async def _apologize(services: Services, update: Update, t: Texts, trouble: BaseException | None) -> None:
    if isinstance(trouble, LedgerUnavailable):
        text = t("I cannot reach my job book at the moment. Please try again in a minute.")
    elif isinstance(trouble, MessageGone):
        text = t("This button is out of date. Send /help to see what I can do.")
    else:
        text = t("Something went wrong on my side. Please try again.")
    if update.callback_query is not None:
        await toast(update.callback_query, text, alert=True)
    elif update.message is not None:
        await say(services, update, text, name="apology")
