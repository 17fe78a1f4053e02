"""/history: the user's latest jobs, and their results again."""

from dataclasses import replace

import structlog
from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot import incoming
from bot.command import Command
from bot.handlers.jobs import here
from bot.inbound import ack
from bot.keyboards import pages
from bot.replies import rewrite, say, toast
from bot.requests import acting, cancelling
from bot.requests.builder import model_of
from bot.services import Services
from chat import keyboards, status
from chat.errors import Refused
from chat.keyboards import Press
from chat.media import Known
from chat.texts import Texts, mark
from config.catalogue import Catalogue, Model
from jobs.model import Artifact, Job, Kind
from jobs.states import State
from ledger.jobs import HISTORY

log = structlog.get_logger(__name__)
PAGE = 10
SIGNS = {State.FAILED: "⚠️", State.CANCELLED: "✖️"}


async def history(services: Services, update: Update) -> None:
    """List the latest jobs, with a numbered button each that shows the job's result again."""
    user, message = incoming.speech(update)
    writer, t = incoming.writer(message), incoming.language(user)
    text, keyboard = await services.off(_page, services, writer, message.chat, 0, t)
    await say(services, update, text, keyboard)


COMMANDS = (
    Command("history", history, menu=mark("Your latest results"), help=mark("/history: your latest results")),
)


async def turn(services: Services, update: Update, start: int) -> None:
    """Show the page of the list that starts at entry `start`."""
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    owner = await acting.owner_of_list(services, query)
    if query.message is None or owner is None:
        await toast(query, foreign(t), alert=True)
        return
    text, keyboard = await services.off(_page, services, owner, query.message.chat, start, t)
    await rewrite(query, text, keyboard)
    await toast(query)


async def show(services: Services, update: Update, press: Press) -> None:
    """Send a past result again, to its owner only."""
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    job = await services.off(services.jobs.ledger.get, press.job_id)
    if job is None or query.message is None:
        await toast(query, cancelling.gone(t), alert=True)
        return
    if not await acting.may_act_as(services, query.from_user.id, job.origin.user):
        await toast(query, foreign(t), alert=True)
        return
    if not _has_result(job, services) or job.artifact is None:
        await toast(query, t("There is no result of this one to show."), alert=True)
        return
    here_now = replace(job, origin=incoming.origin(query.from_user, query.message))
    try:
        failing = await (_send_file if job.file_id else _send_link)(services, here_now, job.artifact, t)
    except Refused as error:
        # Telegram may no longer know the file, or the chat may take no files: a link may still work.
        log.info("result not sent", job=job.id, reason=str(error))
        failing = await _send_link(services, here_now, job.artifact, t)
    await toast(query, failing, alert=bool(failing))


def foreign(t: Texts) -> str:
    """Return the reply to a press on somebody else's list."""
    return t("This list is somebody else's. Send /history for your own.")


async def _send_file(services: Services, job: Job, artifact: Artifact, t: Texts) -> str:
    view = status.result(job, _shown(job, services.catalogue), services.catalogue.animator(), t)
    ack.accept()
    await services.gateway.send(job, view, Known(job.file_id, artifact.mime))
    return ""


async def _send_link(services: Services, job: Job, artifact: Artifact, t: Texts) -> str:
    """Post a new link to a result that cannot be sent to the chat.

    Returns:
        Why there is no link, in words for the person; empty where the link was posted.
    """
    try:
        link = await services.off(services.links.to, artifact) if services.links else None
    except FileNotFoundError:
        link = None
    except OSError as error:
        log.warning("no link", job=job.id, error=str(error))
        return t("The files cannot be reached right now. Try again in a minute.")
    if link is None:
        return t("The file of this result is no longer kept. Ask for it anew.")
    model, animator = _shown(job, services.catalogue), services.catalogue.animator()
    view = status.link(job, model, animator, link.url, link.seconds, t)
    ack.accept()
    await services.gateway.post(job.origin, view)
    return ""


def _page(
    services: Services, user: int, chat: Chat, start: int, t: Texts
) -> tuple[str, InlineKeyboardMarkup | None]:
    found = [job for job in services.users.history.history(user, HISTORY) if here(job, chat)]
    page = list(enumerate(found, 1))[start : start + PAGE]
    if not page:
        return t("Nothing here yet. Tell me what you want to see."), None
    lines = [t("Your latest jobs. Press a number to see its result again."), ""]
    lines += [f"{number}. {_sign(job)} {status.shorten(job.request.prompt, 100)}" for number, job in page]
    buttons = [
        keyboards.button(str(number), keyboards.Action.SHOW, job.id)
        for number, job in page
        if _has_result(job, services)
    ]
    return "\n".join(lines), _keyboard(buttons, start, len(found), t)


def _keyboard(
    buttons: list[InlineKeyboardButton], start: int, total: int, t: Texts
) -> InlineKeyboardMarkup | None:
    rows = [buttons[at : at + 5] for at in range(0, len(buttons), 5)]
    rows.append(pages(start, PAGE, total, t))
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _has_result(job: Job, services: Services) -> bool:
    """Return whether there is a result to show: a file that Telegram has, or one that a link can lead to."""
    linked = services.links is not None and job.state is State.DELIVERED and job.artifact is not None
    return bool(job.file_id) or linked


def _sign(job: Job) -> str:
    if not job.file_id and job.state is not State.DELIVERED:
        return SIGNS.get(job.state, "⏳")
    return "🖼" if job.request.kind is Kind.IMAGE else "🎬"


def _shown(job: Job, catalogue: Catalogue) -> Model:
    """Return the job's model to be shown; a model that has left the catalogue has its bare name as title."""
    model = model_of(job, catalogue)
    return model if model.name == job.request.model else replace(model, title=job.request.model, note="")
