"""The declaration of a command. Each handler module declares its own; `bot.commands` collects them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.heeding import Handle


class Who(StrEnum):
    """Who may use a command. To everybody else the bot says that the command does not exist."""

    EVERYBODY = "everybody"
    ADMINS = "admins"
    """Admins, in their private chats with the bot."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command; dispatch, Telegram's menus, /help and suggestions follow from it.

    Attributes:
        name: What people write after the slash.
        handler: What the command does.
        menu: The text in Telegram's menu, in English and marked for translation. Empty: not in the menu.
        help: The line in /help, in English and marked for translation. Empty: not in /help.
        who: Who may use the command.
    """

    name: str
    handler: Handle
    menu: str = ""
    help: str = ""
    who: Who = Who.EVERYBODY


def given_by(who: Who, commands: Iterable[Command]) -> list[Command]:
    """Return those of the commands that are declared for `who`, in their order."""
    return [command for command in commands if command.who is who]
