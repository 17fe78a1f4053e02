"""/settings: models and aspect ratios that last."""

from collections.abc import Mapping
from datetime import date

from telegram import InlineKeyboardMarkup, Update

from bot import incoming
from bot.command import Command
from bot.handlers.admin import arguments
from bot.replies import rewrite, say, toast
from bot.requests import acting
from bot.requests.builder import chosen_model, chosen_options
from bot.services import Services
from chat import keyboards
from chat.keyboards import Press
from chat.texts import Texts, mark
from config.catalogue import Catalogue
from jobs.model import Kind

Choices = Mapping[str, str]


async def settings(services: Services, update: Update) -> None:
    """Show what is chosen, each setting a button."""
    user, message = incoming.speech(update)
    writer, t = incoming.writer(message), incoming.language(user)
    choices = await services.preferences.of(writer)
    await say(services, update, await _head(services, writer, t), _overview(services.catalogue, choices, t))


COMMANDS = (
    Command(
        "settings",
        settings,
        menu=mark("Choose models and aspect ratios"),
        help=mark("/settings: your models and aspect ratios"),
    ),
)


async def pressed(services: Services, update: Update, press: Press) -> None:
    """Open a setting, choose a value, or go back. Buttons of an older catalogue are told apart."""
    query = incoming.pressed(update)
    t = incoming.language(query.from_user)
    user = await acting.owner_of_list(services, query)
    if user is None:
        await toast(query, t("These settings are somebody else's. Send /settings for your own."), alert=True)
        return
    choices = await services.preferences.of(user)
    name, value = press.choice
    offered = _offered(name, services.catalogue, choices, t)
    if press.action is not keyboards.Action.SETTINGS and value not in [each for _, each in offered]:
        await toast(query, t("These buttons are out of date. Send /settings for new ones."), alert=True)
        return
    if press.action is keyboards.Action.OPEN:
        columns = 3 if name.startswith("ar:") else 1
        keyboard = keyboards.choices(
            name, offered, _chosen(name, services.catalogue, choices), t, columns=columns
        )
        await rewrite(query, await _head(services, user, t), keyboard)
        await toast(query)
        return
    saved = press.action is keyboards.Action.CHOOSE
    if saved:
        await services.preferences.choose(user, name, value)
        choices = {**choices, name: value}
    await rewrite(query, await _head(services, user, t), _overview(services.catalogue, choices, t))
    await toast(query, t("Saved.") if saved else "")


def heading(vip_until: date | None, t: Texts) -> str:
    """The text above the settings' buttons, and how long a VIP is one."""
    text = t("Your settings. I use them for everything that you ask for from now on.")
    if vip_until is None:
        return text
    return t("VIP until {day}", day=arguments.day(vip_until, t)) + "\n\n" + text


async def _head(services: Services, user: int, t: Texts) -> str:
    return heading(await services.off(services.vips.until, user), t)


def _overview(catalogue: Catalogue, choices: Choices, t: Texts) -> InlineKeyboardMarkup:
    entries = []
    for kind, model_label, ratio_label in (
        (Kind.IMAGE, t("Picture model: {value}"), t("Picture ratio: {value}")),
        (Kind.VIDEO, t("Video model: {value}"), t("Video ratio: {value}")),
    ):
        model = chosen_model(kind, choices, catalogue)
        entries.append((model_label.format(value=model.title), f"model:{kind}"))
        if "ar" in model.options:
            ratio = chosen_options(model, choices).get("ar", t("Default"))
            entries.append((ratio_label.format(value=ratio), f"ar:{kind}"))
    return keyboards.settings(entries)


def _offered(name: str, catalogue: Catalogue, choices: Choices, t: Texts) -> list[tuple[str, str]]:
    """Label and value of all that may be chosen; the empty value, the default, comes first."""
    what, _, kind = name.partition(":")
    if kind not in list(Kind):
        return []
    if what == "model":
        first, *others = catalogue.of_kind(kind)
        return [(first.title, ""), *((model.title, model.name) for model in others)]
    option = chosen_model(Kind(kind), choices, catalogue).options.get("ar")
    if what != "ar" or option is None:
        return []
    return [(t("Default"), ""), *((choice, choice) for choice in option.choices)]


def _chosen(name: str, catalogue: Catalogue, choices: Choices) -> str:
    """The value in force, in the terms of `_offered`."""
    what, _, kind = name.partition(":")
    model = chosen_model(Kind(kind), choices, catalogue)
    if what == "ar":
        return str(chosen_options(model, choices).get("ar", ""))
    return "" if model is catalogue.default(kind) else model.name
