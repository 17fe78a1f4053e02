"""How handlers answer. All of it ends in the errors of `chat.errors`."""

import structlog
from telegram import CallbackQuery, InlineKeyboardMarkup, Update
from telegram.error import TelegramError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
)

from bot import incoming, receipt
from bot.services import Services
from chat.calls import TEXT_BOUND_S, twice
from jobs.errors import PassingError
from jobs.model import Origin

log = structlog.get_logger(__name__)
_GROWING = wait_exponential(multiplier=0.5, max=4)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    advice = error.retry_after if isinstance(error, PassingError) else None
    return max(_GROWING(state), advice or 0.0)


def _persistent() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(PassingError),
        wait=_pause,
        stop=stop_after_attempt(5) | stop_before_delay(30),
        reraise=True,
    )


async def say(
    services: Services, update: Update, text: str, keyboard: InlineKeyboardMarkup | None = None
) -> None:
    """Answer the person's message with a message; all that must last of it has been written by then.

    What Telegram has surely not posted is sent again for a while: an update is confirmed, and nobody else
    would tell the person.
    """
    receipt.settle()
    origin = incoming.origin(*incoming.speech(update))
    await _persistent()(services.gateway.say, origin, text, keyboard)


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
    receipt.settle()
    try:
        await query.answer(text or None, show_alert=alert)
    except TelegramError as error:
        log.info("press not answered", error=repr(error))


async def rewrite(query: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
    """Change the message that the pressed button stands under."""
    receipt.settle()
    await twice(lambda: query.edit_message_text(text, reply_markup=keyboard), TEXT_BOUND_S)
