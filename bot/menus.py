"""The lists of commands that Telegram shows beside the text field, in each language."""

from collections.abc import Iterable, Sequence

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, Forbidden

from bot.command import Command, Who, given_by
from chat.texts import LANGUAGES, Texts, texts

log = structlog.get_logger(__name__)


async def announce(bot: Bot, commands: Sequence[Command], admins: Iterable[int] = ()) -> None:
    """Set everybody's lists, and those of the admins' private chats.

    The list of the first language also serves all languages that have no list of their own.
    """
    for language in LANGUAGES:
        await bot.set_my_commands(menu(commands, texts(language)), language_code=_code(language))
    for admin in admins:
        await announce_to(bot, commands, admin)


async def announce_to(bot: Bot, commands: Sequence[Command], admin: int) -> None:
    """Set the lists of an admin's private chat, which also contain the admins' commands.

    Telegram refuses this for an admin who has never written to the bot. That is only logged, and /start sets
    the lists later.
    """
    for language in LANGUAGES:
        try:
            await bot.set_my_commands(
                admins_menu(commands, texts(language)),
                scope=BotCommandScopeChat(admin),
                language_code=_code(language),
            )
        except (BadRequest, Forbidden) as error:
            log.info("no menu for an admin yet", reason=error.message)
            return


def menu(commands: Iterable[Command], t: Texts) -> list[BotCommand]:
    """Return everybody's list: the commands that have a text for the menu."""
    return _entries(given_by(Who.EVERYBODY, commands), t)


def admins_menu(commands: Sequence[Command], t: Texts) -> list[BotCommand]:
    """Return the list in the admins' private chats: everybody's commands, and below them the admins' own."""
    return [*menu(commands, t), *_entries(given_by(Who.ADMINS, commands), t)]


def _entries(commands: Iterable[Command], t: Texts) -> list[BotCommand]:
    return [BotCommand(command.name, t(command.menu)) for command in commands if command.menu]


def _code(language: str) -> str | None:
    return None if language == LANGUAGES[0] else language
