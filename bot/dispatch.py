"""Dispatch of commands to their handlers, and the check of who may use them."""

from telegram import Update

from bot import incoming
from bot.command import Command, Who, given_by
from bot.commands import COMMANDS
from bot.handlers import admin, fallback
from bot.heeding import Handle, heeded
from bot.services import Services

SUGGESTED = tuple(command.name for command in given_by(Who.EVERYBODY, COMMANDS))
"""The commands that may be suggested in reply to an unknown one; no admins' commands are among them."""


async def unknown(services: Services, update: Update) -> None:
    """Reply to a command that does not exist, or that this person may not use here."""
    await fallback.command(services, update, SUGGESTED)


def guarded(command: Command) -> Handle:
    """Return the command's handler, wrapped in the checks that the person may use it and is listened to.

    A person who may not use the command gets the reply of `unknown`.
    """
    listening = heeded(command.handler)
    if command.who is Who.EVERYBODY:
        return listening

    async def for_admins(services: Services, update: Update) -> None:
        user, message = incoming.speech(update)
        known = admin.is_admin(services, user.id) and incoming.is_private(message.chat)
        await (listening if known else unknown)(services, update)

    return for_admins


HANDLERS: dict[str, Handle] = {command.name: guarded(command) for command in COMMANDS}
"""The handler of each command, by the command's name."""
