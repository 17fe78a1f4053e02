"""The messages of a broadcast: the one that everybody gets, and the one that shows an admin its progress."""

import re
from enum import StrEnum

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message

from chat.calls import TEXT_BOUND_S, once, twice, unrepeated
from chat.errors import Dropped
from chat.gateway import Gateway
from chat.limiter import Urgency
from chat.status import View, shorten
from chat.texts import Texts
from jobs.errors import PassingError
from ledger.admin.broadcasts import Broadcast, Phase

PREVIEW = 3500
"""UTF-16 units of the text that the question shows; a message takes 4096, including the words around it."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Word(StrEnum):
    """The action of a broadcast's button."""

    SEND = "send"
    DROP = "drop"
    STOP = "stop"


_PRESS = re.compile(rf"broadcast:({'|'.join(Word)}):([a-z2-7]{{20}})")


def unpack(data: str | None) -> tuple[Word, str] | None:
    """Return the action and the broadcast's id of a pressed button; None for any other button."""
    match = _PRESS.fullmatch(data or "")
    return (Word(match[1]), match[2]) if match else None


def question(broadcast_id: str, text: str, people: int, t: Texts) -> View:
    """Return the question to the admin whether to send the text."""
    ask = t.n("Send this to {n} person?", "Send this to {n} people?", people)
    send, drop = (_button(t("Send"), Word.SEND, broadcast_id), _button(t("Drop"), Word.DROP, broadcast_id))
    return View(f"{ask}\n\n{shorten(text, PREVIEW)}", InlineKeyboardMarkup.from_row([send, drop]))


def dropped(t: Texts) -> View:
    """Return what replaces the question after the admin has decided against sending."""
    return View(t("Not sent to anybody."))


def state(broadcast: Broadcast, t: Texts) -> View:
    """Return the broadcast's progress with a button that stops it, or how it ended."""
    taken = broadcast.sent + broadcast.unreachable + broadcast.failed
    heads = {
        Phase.STOPPED: t("Broadcast: stopped."),
        Phase.DONE: t("Broadcast: done."),
    }
    head = heads.get(broadcast.phase) or t(
        "Broadcast: {taken} of {total}.", taken=taken, total=max(taken, broadcast.total)
    )
    lines = [head, t("Sent: {n}", n=broadcast.sent)]
    if broadcast.unreachable:
        lines.append(t("Have blocked the bot, or are gone: {n}", n=broadcast.unreachable))
    if broadcast.failed:
        lines.append(t("Not sent, or nobody knows whether it arrived: {n}", n=broadcast.failed))
    running = broadcast.phase is Phase.RUNNING
    stop = InlineKeyboardMarkup.from_button(_button(t("Stop"), Word.STOP, broadcast.id)) if running else None
    return View("\n".join(lines), stop)


async def send(gateway: Gateway, user: int, text: str, *, spare: bool) -> None:
    """Send the text to one user. Not idempotent.

    Args:
        gateway: The way to the chats.
        user: The user's id.
        text: The text.
        spare: Send only if the rate limits have a call to spare.

    Raises:
        Dropped: There was no call to spare; nothing was sent.
        PassingError: Nothing was sent, and a retry may succeed.
        OutcomeUnknown: The text may have been sent.
    """

    async def post() -> Message:
        return await gateway.bot.send_message(
            user,
            text,
            link_preview_options=_NO_PREVIEW,
            rate_limit_args=Urgency.PROGRESS if spare else Urgency.RESULT,
        )

    await unrepeated(post, TEXT_BOUND_S)


async def show(gateway: Gateway, broadcast: Broadcast, view: View, *, progress: bool = False) -> None:
    """Edit the admin's message so that it shows the view. Idempotent.

    With `progress` the call is made at once or not at all, and Dropped stands for all passing errors.
    """

    async def edit() -> Message | bool:
        return await gateway.bot.edit_message_text(
            view.text,
            chat_id=broadcast.chat,
            message_id=broadcast.message,
            reply_markup=view.keyboard,
            link_preview_options=_NO_PREVIEW,
            rate_limit_args=Urgency.PROGRESS if progress else Urgency.RESULT,
        )

    if not progress:
        await twice(edit, TEXT_BOUND_S)
        return
    try:
        await once(edit, TEXT_BOUND_S, repeatable=True)
    except PassingError as error:
        raise Dropped(str(error)) from error


def _button(label: str, word: Word, broadcast_id: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"broadcast:{word}:{broadcast_id}")
