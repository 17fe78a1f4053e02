"""The ways in which handlers reply. Failures come out as the errors of `chat.errors`."""

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
    """Reply to the person's message, and acknowledge the update.

    Call this after the update's lasting effects are written. The reply itself is enqueued before the update
    is acknowledged, so it is sent even if this process dies.

    Args:
        services: The services of the process.
        update: The update with the person's message.
        text: The text of the reply.
        keyboard: The buttons below the reply.
        name: Distinguishes several replies to one message; each name is sent once.

    Raises:
        LedgerUnavailable: The ledger is away, and the update will be redelivered. Where it will not be, the
            reply is sent without being enqueued.
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
    """Delete a message of the bot that came too late; where deletion fails, the message stays."""
    try:
        await services.gateway.bot.delete_message(origin.chat, message)
    except TelegramError as error:
        log.info("late message not deleted", error=repr(error))


async def toast(query: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
    """Acknowledge the update and answer the press: with nothing, a passing line, or an alert to be closed.

    Telegram takes no answer to a press that is too old. That is only logged, as the press has had its effect.
    """
    ack.accept()
    try:
        await query.answer(text or None, show_alert=alert)
    except TelegramError as error:
        log.info("press not answered", error=repr(error))


async def rewrite(query: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
    """Acknowledge the update, and edit the message that the pressed button is under."""
    ack.accept()
    await twice(lambda: query.edit_message_text(text, reply_markup=keyboard), TEXT_BOUND_S)
