"""/broadcast: one message to everybody who has used the bot, sent after the admin confirms it."""

import structlog
from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.replies import rewrite, say, toast
from bot.services import Services
from chat import announcement
from chat.announcement import Word
from chat.texts import Texts, mark, texts
from jobs import ids
from jobs.errors import DarkroomError, LedgerUnavailable
from ledger.admin.broadcasts import Start

log = structlog.get_logger(__name__)


async def broadcast(services: Services, update: Update) -> None:
    """`/broadcast TEXT` asks whether to send it; `/broadcast stop` ends the one that is under way."""
    admin, message = incoming.speech(update)
    t = incoming.language(admin)
    text = incoming.after_command(message.text or "").strip()
    running = await services.off(services.admin.broadcasts.current)
    if text.lower() == "stop":
        ended = running is not None and await _stop(services, running.id, admin.id)
        await say(services, update, t("Stopped.") if ended else t("There is no broadcast under way."))
    elif running is not None:
        await say(services, update, busy(t))
    elif not text:
        await say(services, update, usage(t))
    else:
        broadcast_id = ids.from_message(services.gateway.bot.id, message.chat.id, message.message_id)
        await services.off(services.admin.broadcasts.draft, broadcast_id, text, message.chat.id, t.language)
        people = await services.off(services.users.people.count)
        view = announcement.question(broadcast_id, text, people, t)
        await say(services, update, view.text, view.keyboard)


COMMANDS = (
    Command("broadcast", broadcast, menu=mark("Write to all users: /broadcast TEXT, stop"), who=Who.ADMINS),
)


async def pressed(services: Services, update: Update) -> bool:
    """Handle an admin's press of a broadcast's button; return False for any other button."""
    query = incoming.pressed(update)
    press = announcement.unpack(query.data)
    if press is None or query.message is None:
        return False
    word, broadcast_id = press
    if word is Word.SEND:
        await _send(services, update, broadcast_id)
    elif word is Word.STOP:
        t = incoming.language(query.from_user)
        ended = await _stop(services, broadcast_id, query.from_user.id)
        await toast(query, t("Stopped.") if ended else t("It has ended already."))
    else:
        await _drop(services, update, broadcast_id)
    return True


async def _send(services: Services, update: Update, broadcast_id: str) -> None:
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    message = query.message.message_id if query.message else 0
    start = await services.off(services.admin.broadcasts.start, broadcast_id, message, query.from_user.id)
    if start is not Start.BEGUN:
        await toast(query, _not_begun(start, t), alert=True)
        return
    log.info("broadcast begun", broadcast=broadcast_id)
    await toast(query)
    await _show(services, broadcast_id)
    try:
        await services.off(services.jobs.publisher.publish_broadcast, broadcast_id, 1)
    except LedgerUnavailable as error:
        log.warning("broadcast not published, a worker will take it up", error=str(error))


async def _drop(services: Services, update: Update, broadcast_id: str) -> None:
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    if await services.off(services.admin.broadcasts.drop, broadcast_id):
        view = announcement.dropped(t)
        await rewrite(query, view.text, view.keyboard)
        await toast(query)
    else:
        await toast(query, t("It has ended already."))


async def _stop(services: Services, broadcast_id: str, admin: int) -> bool:
    ended = await services.off(services.admin.broadcasts.stop, broadcast_id, admin)
    if ended:
        log.info("broadcast stopped", broadcast=broadcast_id)
        await _show(services, broadcast_id)
    return ended


async def _show(services: Services, broadcast_id: str) -> None:
    """Turn the question into the display of the broadcast's progress.

    A failure is only logged, as workers update the display too.
    """
    found = await services.off(services.admin.broadcasts.get, broadcast_id)
    if found is None:
        return
    view = announcement.state(found, texts(found.language))
    try:
        await announcement.show(services.gateway, found, view)
    except DarkroomError as error:
        log.warning("broadcast not shown", error=repr(error))


def usage(t: Texts) -> str:
    """Return how to write /broadcast."""
    return t(
        "Write the message behind the command; I ask before I send it.\n\n"
        "/broadcast We are back, and faster than before."
    )


def busy(t: Texts) -> str:
    """Return the reply where another broadcast is running."""
    return t("A broadcast is under way. Wait for its end, or /broadcast stop it.")


def _not_begun(start: Start, t: Texts) -> str:
    if start is Start.BUSY:
        return busy(t)
    if start is Start.AGAIN:
        return t("This one was sent or dropped already.")
    return t("I no longer have this text. Send the command again.")
