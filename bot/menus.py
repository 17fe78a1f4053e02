"""The lists of commands that Telegram shows beside the text field, in each language."""

from collections.abc import Iterable, Sequence

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, Forbidden

from bot.command import Command, Who, given_by
from chat.texts import LANGUAGES, Texts, texts

log = structlog.get_logger(__name__)


async def announce(bot: Bot, commands: Sequence[Command], admins: Iterable[int] = ()) -> None:
    """Set the lists; the first language's is also that of all languages that have none."""
    for language in LANGUAGES:
        await bot.set_my_commands(menu(commands, texts(language)), language_code=_code(language))
    for admin in admins:
        await announce_to(bot, commands, admin)


async def announce_to(bot: Bot, commands: Sequence[Command], admin: int) -> None:
    """Set the lists of an admin's private chat, which have the admins' commands too.

    Telegram knows no chat with an admin who has never written to the bot; /start makes up for it.
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
    """Return everybody's list: the commands that are worth a place in it."""
    return _entries(given_by(Who.EVERYBODY, commands), t)


def admins_menu(commands: Sequence[Command], t: Texts) -> list[BotCommand]:
    """Return the list in the admins' private chats: everybody's commands, and below them the admins' own."""
    return [*menu(commands, t), *_entries(given_by(Who.ADMINS, commands), t)]


def _entries(commands: Iterable[Command], t: Texts) -> list[BotCommand]:
    return [BotCommand(command.name, t(command.menu)) for command in commands if command.menu]


def _code(language: str) -> str | None:
    return None if language == LANGUAGES[0] else language
