"""How handlers answer. All of it ends in the errors of `chat.errors`."""

import structlog
from telegram import CallbackQuery, InlineKeyboardMarkup, Update
from telegram.error import TelegramError

import retries
from bot import incoming
from bot.inbound import ack
from bot.services import Services
from chat.calls import TEXT_BOUND_S, twice
from chat.keyboards import Markup
from jobs.errors import LedgerUnavailable
from jobs.model import Origin

log = structlog.get_logger(__name__)


async def say(
    services: Services,
    update: Update,
    text: str,
    keyboard: Markup | None = None,
    *,
    name: str = "",
) -> None:
    """Answer the person's message with a message; what must last of the update has been written by then.

    The answer itself is kept before the update counts as dealt with, and said once for each `name`. Raises
    LedgerUnavailable where the update comes again; where it does not, it is said without being kept.
    """
    origin = incoming.origin(*incoming.speech(update))
    try:
        await services.reply_sender.say(
            f"{update.update_id}:{origin.chat}:{origin.reply_to}:{name}", origin, text, keyboard
        )
    except LedgerUnavailable:
        if ack.pending():
            raise
        await retries.persistent().call_async(services.gateway.say, origin, text, keyboard)
    ack.accept()


async def retract(services: Services, origin: Origin, message: int) -> None:
    """Delete a message of the bot's own that has come too late; it stays where that fails."""
    try:
        await services.gateway.bot.delete_message(origin.chat, message)
    except TelegramError as error:
        log.info("late message not deleted", error=repr(error))


async def toast(query: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
    """Answer a press: nothing, a line that passes, or an alert to be closed.

    A press that Telegram no longer takes an answer for (it was too long ago) has had its effect all the same.
    """
    ack.accept()
    try:
        await query.answer(text or None, show_alert=alert)
    except TelegramError as error:
        log.info("press not answered", error=repr(error))


async def rewrite(query: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
    """Change the message that the pressed button stands under."""
    ack.accept()
    await twice(lambda: query.edit_message_text(text, reply_markup=keyboard), TEXT_BOUND_S)
