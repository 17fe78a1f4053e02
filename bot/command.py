"""What a command is. Each handler module declares its own; `bot.commands` gathers them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.heeding import Handle


class Who(StrEnum):
    """Who may give a command. For all others there is no such command."""

    EVERYBODY = "everybody"
    ADMINS = "admins"
    """Admins, in their private chats with the bot."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command; dispatch, Telegram's menus, /help and suggestions follow from it.

    Attributes:
        name: What people write after the slash.
        handler: What the command does.
        menu: The text in Telegram's menu, in English and marked for the catalogues. Empty: not in the menu.
        help: The line in /help, in English and marked for the catalogues. Empty: not in /help.
        who: Who may give the command.
    """

    name: str
    handler: Handle
    menu: str = ""
    help: str = ""
    who: Who = Who.EVERYBODY


def given_by(who: Who, commands: Iterable[Command]) -> list[Command]:
    """Return the commands of these people, in their order."""
    return [command for command in commands if command.who is who]
