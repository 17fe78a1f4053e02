"""/budget: the budgets for jobs, how much of them is used, and admins' changes to them."""

import structlog
from telegram import Update

from bot import incoming
from bot.command import Command, Who
from bot.handlers.admin import arguments
from bot.replies import say
from bot.services import Services
from chat.texts import Texts, mark
from config.budgets import ALL, PERIODS, RESERVED, dollars, parse_amount
from ledger.limits.budgets import Budget, written

log = structlog.get_logger(__name__)
_RESET = "reset"


async def budget(services: Services, update: Update) -> None:
    """Show the budgets, or change one.

    For example: `/budget`, `/budget day 25`, `/budget month replicate 100`, `/budget day off`,
    `/budget day reset`.
    """
    admin, message = incoming.speech(update)
    t = incoming.language(admin)
    match incoming.after_command(message.text or "").split():
        case []:
            text = report(await services.off(services.admin.budgets.all), t)
        case [period, amount] if period in PERIODS:
            text = await _change(services, period, ALL, amount, admin.id, t)
        case [period, name, amount] if period in PERIODS:
            text = await _change(services, period, name, amount, admin.id, t)
        case _:
            text = usage(t)
    await say(services, update, text)


COMMANDS = (
    Command("budget", budget, menu=mark("What jobs may cost: /budget, /budget day 25"), who=Who.ADMINS),
)


async def _change(services: Services, period: str, name: str, amount: str, admin: int, t: Texts) -> str:
    if amount == _RESET:  # a budget of a model that has left the catalogue can be reset too
        news = await services.off(services.admin.budgets.reset, period, name, admin)
        log.info("budget reset", period=period, name=name, news=news)
        done = t("The budget {name} goes by the settings again.", name=f"{period} {name}")
        idle = t("The budget {name} goes by the settings already.", name=f"{period} {name}")
        return done if news else idle
    known = (*RESERVED, *services.catalogue.budget_names())
    if name not in known:
        return t(
            "There is no budget {name}. There may be one for: {names}.", name=name, names=", ".join(known)
        )
    try:
        limit = parse_amount(amount.removeprefix("$"))
    except ValueError:
        return usage(t)
    await services.off(services.admin.budgets.set, period, name, limit, admin)
    log.info("budget set", period=period, name=name, limit=limit)
    if isinstance(limit, int):
        text = t("The budget {name} is {amount} from now on.", name=f"{period} {name}", amount=written(limit))
    else:
        text = t("There is no budget {name} any more.", name=f"{period} {name}")
    return text


def report(budgets: list[Budget], t: Texts) -> str:
    """Return the text of /budget, with the budgets' names as in the settings and the command. Pure."""
    if not budgets:
        return t("There are no budgets.") + "\n\n" + usage(t)
    return "\n".join(_line(each, t) for each in budgets)


def _line(budget: Budget, t: Texts) -> str:
    parts = [f"{budget.period} {budget.name}: {dollars(budget.limit)}"]
    if budget.used is None or budget.reserved is None or budget.left is None:
        parts.append(t("for each of them"))
    else:
        parts += [
            t("used {amount}", amount=dollars(budget.used)),
            t("reserved {amount}", amount=dollars(budget.reserved)),
            t("left {amount}", amount=dollars(budget.left)),
        ]
    parts.append(t("ends on {day} at 00:00 UTC", day=arguments.day(budget.ends, t)))
    if budget.chosen:
        parts.append(t("set in the chat"))
    return ", ".join(parts)


def usage(t: Texts) -> str:
    """Return how to write /budget."""
    return t(
        "Write one of these:\n"
        "/budget: all budgets\n"
        "/budget day 25: US dollars for all jobs of a day (UTC)\n"
        "/budget month replicate 100: for those of a provider, a model, image, video, regular or vip\n"
        "/budget day person 1: for each user; vip-person: for each VIP\n"
        "/budget day off: no bound\n"
        "/budget day reset: as in the settings"
    )
