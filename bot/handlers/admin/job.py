"""/job: the history of one job, as `python -m monitoring.job` shows it to operators."""

from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.handlers.admin import arguments
from bot.replies import say
from bot.services import Services
from chat.texts import mark
from jobs.life import Life, Row


async def job(services: Services, update: Update) -> None:
    """Show a job's facts and events: `/job ID`. The prompt is among them, as only admins get here."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    job_id = arguments.job_id(incoming.after_command(message.text or "").strip())
    if job_id is None:
        text = t("Which job? Its id stands on every line of the logs. For example: /job abcdefghij234567abcd")
        await say(services, update, text)
        return
    life = await services.off(_life, services, job_id)
    await say(services, update, describe(life) if life else t("I know no job {job}.", job=job_id))


COMMANDS = (Command("job", job, menu=mark("The whole life of a job: /job ID"), who=Who.ADMINS),)


def describe(life: Life) -> str:
    """Return the text of /job, untranslated, with the names that the logs have. Pure.

    Where the events do not fit into one message, those in the middle are left out.
    """
    facts = "\n".join(f"{name}: {value}" for name, value in life.facts(prompt=True))
    lines = [_line(row) for row in life.rows()]
    left_out = 0
    while True:
        half = (len(lines) - left_out) // 2
        gap = [f"… {left_out} events …"] if left_out else []
        events = "\n".join([*lines[:half], *gap, *lines[half + left_out :]])
        text = f"{facts}\n\n{events}"
        if arguments.fits(text) or left_out == len(lines):
            return text
        left_out += 1


def _line(row: Row) -> str:
    return " · ".join(part for part in (row.since, row.what, row.who) if part)


def _life(services: Services, job_id: str) -> Life | None:
    found = services.jobs.ledger.get(job_id)
    return Life(found, services.jobs.trails.of(found), services.jobs.ledger.now()) if found else None
