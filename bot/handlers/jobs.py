"""/jobs and /cancel: the user's active jobs."""

from telegram import Chat, InlineKeyboardMarkup, Message, Update

from bot import incoming
from bot.command import Command
from bot.replies import say
from bot.requests import cancelling
from bot.requests.builder import model_of
from bot.services import Services
from chat import keyboards, status
from chat.texts import Texts, mark
from jobs.model import Job
from jobs.states import WAITING, State
from ledger.jobs import Cancellation

SHOWN = 10
"""Most jobs in the list."""
EVERYTHING = frozenset({"all", "все", "всё"})


async def jobs(services: Services, update: Update) -> None:
    """List the user's active jobs, with a Cancel button each."""
    user, message = incoming.speech(update)
    found = await services.off(_active, services, incoming.writer(message), message.chat)
    await say(services, update, *await services.off(_list, services, found, incoming.language(user)))


async def cancel(services: Services, update: Update) -> None:
    """Cancel the job that the message replies to, the only active job, or all jobs; of several, ask which."""
    user, message = incoming.speech(update)
    writer, t = incoming.writer(message), incoming.language(user)
    chosen = await services.off(_replied, services, message)
    if chosen is not None:
        outcome = await cancelling.cancel(services, chosen.id, writer)
        await say(services, update, cancelling.said(outcome, t))
        return
    found = await services.off(_active, services, writer, message.chat)
    if len(found) > 1 and incoming.after_command(message.text or "").strip().lower() not in EVERYTHING:
        text, keyboard = await services.off(_list, services, found, t)
        ask = t("Which one? /cancel all stops them all.")
        await say(services, update, f"{text}\n\n{ask}", keyboard)
        return
    if not found:
        await say(services, update, nothing(t))
        return
    outcomes = [await cancelling.cancel(services, job.id, writer) for job in found]
    await say(services, update, _summary(outcomes, t))


COMMANDS = (
    Command(
        "jobs",
        jobs,
        menu=mark("What I am making for you now"),
        help=mark("/jobs: what I am making for you now"),
    ),
    Command(
        "cancel",
        cancel,
        menu=mark("Stop a job, or all of them"),
        help=mark("/cancel: stop it (/cancel all stops everything)"),
    ),
)


def nothing(t: Texts) -> str:
    """Return the reply to a user without active jobs."""
    return t("I am making nothing for you right now. Tell me what you want to see.")


def here(job: Job, chat: Chat) -> bool:
    """Return whether a list in this chat may show the job: a group must not learn of jobs of other chats."""
    return incoming.is_private(chat) or job.origin.chat == chat.id


def _active(services: Services, user: int, chat: Chat) -> list[Job]:
    return [job for job in services.users.history.active(user) if here(job, chat)]


def _replied(services: Services, message: Message) -> Job | None:
    replied = message.reply_to_message
    return services.jobs.ledger.by_message(message.chat.id, replied.message_id) if replied else None


def _list(services: Services, found: list[Job], t: Texts) -> tuple[str, InlineKeyboardMarkup | None]:
    if not found:
        return nothing(t), None
    lines = [t.n("{n} job on its way:", "{n} jobs on their way:", len(found))]
    for number, job in enumerate(found[:SHOWN], 1):
        lines.append(f"{number}. {status.shorten(job.request.prompt, 80)}\n    {_stage(services, job, t)}")
    if len(found) > SHOWN:
        lines.append(t.n("…and {n} more", "…and {n} more", len(found) - SHOWN))
    buttons = [
        keyboards.button(t("Cancel {number}", number=number), keyboards.Action.CANCEL, job.id)
        for number, job in enumerate(found[:SHOWN], 1)
    ]
    rows = [buttons[at : at + 3] for at in range(0, len(buttons), 3)]
    return "\n".join(lines), InlineKeyboardMarkup(rows)


def _stage(services: Services, job: Job, t: Texts) -> str:
    if job.cancel:
        return t("Cancelling…")
    if job.state in (State.STORED, State.DELIVERING):
        return t("On its way to you")
    if job.state in WAITING:
        place = services.jobs.waiting.place(job, model_of(job, services.catalogue).typical_s)
        return status.waiting(job, place, t).text
    return status.progress(job, t).text


def _summary(outcomes: list[Cancellation], t: Texts) -> str:
    if len(outcomes) == 1:
        return cancelling.said(outcomes[0], t)
    done = sum(outcome in (Cancellation.CANCELLED, Cancellation.CANCELLING) for outcome in outcomes)
    text = t.n("Cancelled {n} job.", "Cancelled {n} jobs.", done)
    late = len(outcomes) - done
    return text + (" " + t.n("{n} was already done.", "{n} were already done.", late) if late else "")
