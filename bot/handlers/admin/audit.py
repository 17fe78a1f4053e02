"""/audit: who among the admins did what to whom, and when."""

from collections.abc import Sequence

from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.handlers.admin import arguments
from bot.replies import say
from bot.services import Services
from chat import status
from chat.texts import Texts, mark
from ledger.admin.audit_log import AuditEntry

SHOWN = 10
"""Entries that `/audit` shows."""
MOST = 50
"""Entries that it shows at most."""
_DEED_CHARS = 70
"""Longest text of an entry's command, which may be as long as the message in which an admin wrote it."""


async def audit(services: Services, update: Update) -> None:
    """`/audit`, `/audit 30`, `/audit user 123`."""
    admin, message = incoming.speech(update)
    t = incoming.language(admin)
    match incoming.after_command(message.text or "").lower().split():
        case []:
            text = report(await services.off(services.controls.log.latest, SHOWN), t)
        case [number] if (limit := arguments.count(number, MOST)) is not None:
            text = report(await services.off(services.controls.log.latest, limit), t)
        case ["user", who] if whom := arguments.user_id(who):
            text = history(whom, await services.off(services.controls.log.latest, MOST, str(whom)), t)
        case _:
            text = usage(t)
    await say(services, update, text)


COMMANDS = (
    Command("audit", audit, menu=mark("What admins have done: /audit 30, /audit user ID"), who=Who.ADMINS),
)


def report(deeds: Sequence[AuditEntry], t: Texts) -> str:
    """The text of /audit. Pure."""
    if not deeds:
        return t("The log of what admins do is empty.")
    return _listed(t("What admins have done, the latest first (times in UTC):"), deeds, t)


def history(user: int, deeds: Sequence[AuditEntry], t: Texts) -> str:
    """The text of /audit user. Pure."""
    if not deeds:
        return t("The log has no entry about user {user}.", user=user)
    head = t("What admins have done to user {user}, the latest first (times in UTC):", user=user)
    return _listed(head, deeds, t)


def usage(t: Texts) -> str:
    """How /audit is written."""
    return t(
        "Write one of these:\n"
        "/audit: the latest {shown} things that admins have done\n"
        "/audit {most}: the latest {most}, which is the most\n"
        "/audit user 123456789: what they have done to a user",
        shown=SHOWN,
        most=MOST,
    )


def _listed(head: str, deeds: Sequence[AuditEntry], t: Texts) -> str:
    """As many of the latest as fit into one message."""
    lines = [_line(deed, t) for deed in deeds]
    kept = len(lines)
    while True:
        rest = [t.n("…and {n} more", "…and {n} more", len(lines) - kept)] if kept < len(lines) else []
        text = "\n".join([head, *lines[:kept], *rest])
        if arguments.fits(text) or not kept:
            return text
        kept -= 1


def _line(deed: AuditEntry, t: Texts) -> str:
    """When, the admin's id, and what was done in the words of the command that did it."""
    when = f"{arguments.day(deed.when.date(), t)}, {deed.when:%H:%M:%S}" if deed.when else ""
    done = status.shorten(" ".join(filter(None, (deed.what, deed.whom, deed.detail))), _DEED_CHARS)
    return " · ".join(filter(None, (when, str(deed.who), done)))
