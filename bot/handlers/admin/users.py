"""/user, /block, /unblock and /vip: what admins see of a user and decide about them."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

import structlog
from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.handlers.admin import arguments
from bot.replies import say
from bot.services import Services
from chat import status
from chat.texts import Texts, mark
from jobs.model import Job, Tier
from ledger.admin import vips
from ledger.admin.statistics import UserTokens
from ledger.people import Person

log = structlog.get_logger(__name__)
_LISTED = 100
"""VIP users that /vip list shows; a message takes no more than 4096 characters."""


@dataclass(frozen=True, slots=True)
class Card:
    """All that is shown of a user. `person` is None for one who was never seen, `bucket` without a limit."""

    user: int
    person: Person | None
    vip_until: date | None
    blocked: bool
    bucket: UserTokens | None
    active: list[Job]


async def user(services: Services, update: Update) -> None:
    """`/user 123`: jobs, tokens, VIP, block."""
    if (whom := await _whom(services, update, "/user 123456789")) is None:
        return
    card = await services.off(_card, services, whom)
    who, _ = incoming.speech(update)
    await say(services, update, describe(card, time.time(), incoming.language(who)))


async def block(services: Services, update: Update) -> None:
    """`/block 123`."""
    if (whom := await _whom(services, update, "/block 123456789")) is None:
        return
    admin, _ = incoming.speech(update)
    t = incoming.language(admin)
    news = await services.off(services.controls.block, whom, admin.id)
    log.info("user blocked", news=news)
    text = t("User {user} is blocked: I take no more requests. What is on its way still comes.", user=whom)
    await say(services, update, text if news else t("User {user} was blocked already.", user=whom))


async def unblock(services: Services, update: Update) -> None:
    """`/unblock 123`."""
    if (whom := await _whom(services, update, "/unblock 123456789")) is None:
        return
    admin, _ = incoming.speech(update)
    t = incoming.language(admin)
    news = await services.off(services.controls.unblock, whom, admin.id)
    log.info("user unblocked", news=news)
    text = t("User {user} may ask again.", user=whom)
    await say(services, update, text if news else t("User {user} was not blocked.", user=whom))


async def vip(services: Services, update: Update) -> None:
    """`/vip grant 123 30`, `/vip revoke 123`, `/vip list`."""
    admin, message = incoming.speech(update)
    t = incoming.language(admin)
    match incoming.after_command(message.text or "").split():
        case ["list"]:
            text = vip_list(await services.off(services.vips.all), t)
        case ["grant", who, until] if whom := arguments.user_id(who):
            text = await _grant(services, whom, until, admin.id, t)
        case ["revoke", who] if whom := arguments.user_id(who):
            was = await services.off(services.vips.revoke, whom, admin.id)
            log.info("vip revoked", news=was)
            done, idle = (
                t("User {user} is no VIP any more.", user=whom),
                t("User {user} was no VIP.", user=whom),
            )
            text = done if was else idle
        case _:
            text = vip_usage(t)
    await say(services, update, text)


COMMANDS = (
    Command("user", user, menu=mark("What I know of a user: /user ID"), who=Who.ADMINS),
    Command("block", block, menu=mark("Take no more requests of a user: /block ID"), who=Who.ADMINS),
    Command("unblock", unblock, menu=mark("Take a user's requests again: /unblock ID"), who=Who.ADMINS),
    Command("vip", vip, menu=mark("VIP users: /vip grant ID DAYS, revoke ID, list"), who=Who.ADMINS),
)


async def _grant(services: Services, whom: int, until: str, admin: int, t: Texts) -> str:
    try:
        day = vips.last_day(until, datetime.now(UTC).date())
    except ValueError:
        return t(
            "Until when? Write a number of days (at most {longest}) or a date from today on, for example:\n"
            "/vip grant {user} 30\n/vip grant {user} 2030-12-24",
            longest=vips.LONGEST_DAYS,
            user=whom,
        )
    await services.off(services.vips.grant, whom, day, admin)
    log.info("vip granted", until=day.isoformat())
    return t("User {user} is a VIP until {day}.", user=whom, day=arguments.day(day, t))


async def _whom(services: Services, update: Update, example: str) -> int | None:
    """The user that the command names; None, and the admin has been told how to write it."""
    admin, message = incoming.speech(update)
    whom = arguments.user_id(incoming.after_command(message.text or "").strip())
    if whom is None:
        t = incoming.language(admin)
        await say(services, update, t("Which user? Write the id, for example: {example}", example=example))
    return whom


def _card(services: Services, whom: int) -> Card:
    until = services.vips.until(whom)
    tier = Tier.VIP if until else Tier.REGULAR
    return Card(
        user=whom,
        person=services.people.get(whom),
        vip_until=until,
        blocked=services.controls.is_blocked(whom),
        bucket=services.statistics.bucket(whom, tier),
        active=services.users.active(whom),
    )


def describe(card: Card, now: float, t: Texts) -> str:
    """The text of /user; what the user asks for is theirs, and not in it. Pure."""
    lines = [t("User {user}", user=card.user)]
    if card.person is None:
        lines.append(t("Has never asked me for anything."))
    else:
        seen = status.duration(now - card.person.last_seen, t)
        lines.append(t("Language {code}, last seen {time} ago", code=card.person.language, time=seen))
        if not card.person.reachable:
            lines.append(t("Cannot be written to."))
    if card.vip_until:
        lines.append(t("VIP until {day}", day=arguments.day(card.vip_until, t)))
    else:
        lines.append(t("No VIP"))
    lines.append(t("Blocked") if card.blocked else t("Not blocked"))
    if card.bucket:
        lines.append(
            t("Requests left now: {left} of {size}", left=int(card.bucket.tokens), size=card.bucket.size)
        )
    lines.append(t("Active jobs: {n}", n=len(card.active)))
    for job in card.active:
        since = status.duration(now - job.stamps["accepted"], t)
        lines.append(f"· {job.request.kind}, {job.lane}, {job.state}, {since}")
    return "\n".join(lines)


def vip_list(grants: list[tuple[int, date]], t: Texts) -> str:
    """The text of /vip list. Pure."""
    if not grants:
        return t("There are no VIP users. /vip grant 123456789 30 makes one for 30 days.")
    lines = [t("VIP users, those whose time ends first in front:")]
    lines += [f"{user}: {arguments.day(day, t)}" for user, day in grants[:_LISTED]]
    if len(grants) > _LISTED:
        lines.append(t.n("…and {n} more", "…and {n} more", len(grants) - _LISTED))
    return "\n".join(lines)


def vip_usage(t: Texts) -> str:
    """How /vip is written."""
    return t(
        "Write one of these:\n"
        "/vip grant 123456789 30: for so many days\n"
        "/vip grant 123456789 2030-12-24: until a date\n"
        "/vip revoke 123456789\n"
        "/vip list"
    )
