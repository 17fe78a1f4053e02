"""/start and /help."""

from collections.abc import Mapping, Sequence

from telegram import Update

from bot import incoming, menus
from bot.command import Command, Who, given_by
from bot.handlers import admin
from bot.replies import say
from bot.requests import submit
from bot.requests.builder import chosen_model
from bot.services import Services
from chat.texts import Texts, mark
from config.catalogue import Catalogue
from jobs.model import Kind


class _Guide:
    """/start and /help, which tell of all commands, also of themselves."""

    def __init__(self, others: Sequence[Command]) -> None:
        self.commands = (
            *others,
            Command("help", self._help, menu=mark("What I can do")),
            Command("start", self._start),
        )

    async def _start(self, services: Services, update: Update) -> None:
        """Say what to do first."""
        user, message = incoming.speech(update)
        await submit.seen(services, incoming.origin(user, message))
        await say(services, update, greeting(incoming.language(user)))
        if admin.is_admin(services, user.id) and incoming.is_private(message.chat):
            await menus.announce_to(services.gateway.bot, self.commands, user.id)

    async def _help(self, services: Services, update: Update) -> None:
        """Say all that one can do."""
        user, message = incoming.speech(update)
        choices = await services.preferences.of(incoming.writer(message))
        text = usage(self.commands, services.catalogue, choices, incoming.language(user))
        await say(services, update, text)


def with_start_and_help(others: Sequence[Command]) -> tuple[Command, ...]:
    """Return these commands, and /help and /start, which tell of them."""
    return _Guide(others).commands


def greeting(t: Texts) -> str:
    """The first message."""
    return t(
        "Hello, I am Darkroom. Tell me what you want to see, and I make a picture of it.\n\n"
        "Try: /image a red fox in the snow\n"
        "Or a short video: /video waves at night\n\n"
        "/help shows what else I can do."
    )


def usage(commands: Sequence[Command], catalogue: Catalogue, choices: Mapping[str, str], t: Texts) -> str:
    """Return what the commands, the options of the person's own models, and replies do."""
    options = _options(catalogue, choices, t)
    return "\n\n".join(
        part
        for part in (
            t(
                "Write what you want to see. In a group, begin with a command or name me. "
                "There I also take replies to your own results, but not thanks or questions."
            ),
            "\n".join(t(command.help) for command in given_by(Who.EVERYBODY, commands) if command.help),
            "\n".join([t("Options go with the words:"), *options]) if options else "",
            t("Reply to a result with a few words, and I make it again with them."),
        )
        if part
    )


def _options(catalogue: Catalogue, choices: Mapping[str, str], t: Texts) -> list[str]:
    kinds = [kind for kind in Kind if catalogue.of_kind(kind)]
    takes = {kind: chosen_model(kind, choices, catalogue).options for kind in kinds}
    only = {Kind.IMAGE: t("(pictures only)"), Kind.VIDEO: t("(videos only)")}
    lines = []
    for name, line in {
        "ar": t("--ar 16:9 for the aspect ratio"),
        "seed": t("--seed 42 to get the same picture again"),
        "no": t("--no text for what to leave out"),
    }.items():
        takers = [kind for kind in kinds if name in takes[kind]]
        if takers:
            lines.append(line if takers == kinds else f"{line} {only[takers[0]]}")
    return lines
