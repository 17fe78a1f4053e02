"""/stats, /pause and /resume: how things stand, and the lanes."""

import structlog
from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.handlers.admin import arguments
from bot.replies import say
from bot.services import Services
from chat import status
from chat.texts import Texts, mark
from jobs.errors import LedgerUnavailable
from jobs.model import GENERATION_LANES, Lane
from ledger.admin.statistics import LaneView, Overview

log = structlog.get_logger(__name__)

Lines = dict[Lane, tuple[int, bool]]
"""Of each lane: the messages on the broker (-1: it does not answer), and whether the lane is paused."""


async def stats(services: Services, update: Update) -> None:
    """Jobs by state, lanes, cache, spend."""
    user, _ = incoming.speech(update)
    overview = await services.off(services.statistics.overview)
    lines = await services.off(_lines, services)
    await say(services, update, report(overview, lines, incoming.language(user)))


async def pause(services: Services, update: Update) -> None:
    """`/pause img`: start no more of its jobs."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    lane = arguments.lane(incoming.after_command(message.text or "").strip())
    if lane is None:
        await say(services, update, t("Which lane? One of: {lanes}. For example: /pause img", lanes=_all()))
        return
    news = await services.off(services.controls.pause, lane, user.id)
    log.info("lane paused", lane=lane, news=news)
    text = t("{lane} is paused. Its jobs wait; those that run go on. /resume {lane} ends it.", lane=lane)
    await say(services, update, text if news else t("{lane} was paused already.", lane=lane))


async def resume(services: Services, update: Update) -> None:
    """`/resume img`: go on."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    lane = arguments.lane(incoming.after_command(message.text or "").strip())
    if lane is None:
        await say(services, update, t("Which lane? One of: {lanes}. For example: /resume img", lanes=_all()))
        return
    news = await services.off(services.controls.resume, lane, user.id)
    log.info("lane resumed", lane=lane, news=news)
    text = t("{lane} goes on; the first of its jobs start within seconds.", lane=lane)
    await say(services, update, text if news else t("{lane} was not paused.", lane=lane))


COMMANDS = (
    Command("stats", stats, menu=mark("How things stand"), who=Who.ADMINS),
    Command("pause", pause, menu=mark("Start no more jobs of a lane: /pause LANE"), who=Who.ADMINS),
    Command("resume", resume, menu=mark("Go on with a lane: /resume LANE"), who=Who.ADMINS),
)


def report(overview: Overview, lines: Lines, t: Texts) -> str:
    """The text of /stats. States, lanes and models go by the names that the logs and Flower show. Pure."""
    active = ", ".join(f"{state} {n}" for state, n in overview.active.items()) or "0"
    ended = ", ".join(f"{state} {n}" for state, n in overview.ended.items())
    jobs = [t("Jobs now: {counts}", counts=active), t("Ended so far: {counts}", counts=ended)]
    lanes = [_lane(lane, view, *lines[lane], t) for lane, view in overview.lanes.items()]
    share = round(100 * overview.cached / overview.requests) if overview.requests else 0
    rates = [
        t(
            "From the cache: {cached} of {requests} requests ({share} %)",
            cached=overview.cached,
            requests=overview.requests,
            share=share,
        ),
        t("Prompts refused: {n}", n=overview.prompts_refused),
    ]
    total = sum(overview.spend_usd.values())
    spend = [t("Spent today (UTC), list price: {usd}", usd=_usd(total))]
    spend += [f"· {model}: {_usd(usd)}" for model, usd in overview.spend_usd.items()]
    return "\n\n".join("\n".join(part) for part in (jobs, lanes, rates, spend))


def _lane(lane: Lane, view: LaneView, on_broker: int, paused: bool, t: Texts) -> str:
    parts = [t("{lane}: {n} waiting", lane=lane, n=view.waiting)]
    if view.waiting:
        parts.append(t("the oldest for {time}", time=status.duration(view.oldest_s, t)))
    parts.append(t("{n} on the broker", n=on_broker) if on_broker >= 0 else t("the broker does not answer"))
    if paused:
        parts.append(t("paused"))
    return ", ".join(parts)


def _lines(services: Services) -> Lines:
    paused = services.controls.paused()
    lines = {}
    for lane in Lane:
        try:
            lines[lane] = (services.publisher.backlog(lane), lane in paused)
        except LedgerUnavailable:
            lines[lane] = (-1, lane in paused)
    return lines


def _usd(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def _all() -> str:
    return ", ".join(GENERATION_LANES)
