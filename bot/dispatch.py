"""Which handler a command goes to, and what becomes of one that a person may not give."""

from telegram import Update

from bot import incoming
from bot.command import Command, Who, given_by
from bot.commands import COMMANDS
from bot.handlers import admin, fallback
from bot.heeding import Handle, heeded
from bot.services import Services

SUGGESTED = tuple(command.name for command in given_by(Who.EVERYBODY, COMMANDS))
"""What may be suggested to somebody whose command is unknown: nothing that only admins have."""


async def unknown(services: Services, update: Update) -> None:
    """Answer a command that does not exist, or that this person may not give here."""
    await fallback.command(services, update, SUGGESTED)


def guarded(command: Command) -> Handle:
    """Return the command's handler for messages of those who may give it and are listened to."""
    listening = heeded(command.handler)
    if command.who is Who.EVERYBODY:
        return listening

    async def for_admins(services: Services, update: Update) -> None:
        user, message = incoming.speech(update)
        known = admin.is_admin(services, user.id) and incoming.is_private(message.chat)
        await (listening if known else unknown)(services, update)

    return for_admins


HANDLERS: dict[str, Handle] = {command.name: guarded(command) for command in COMMANDS}
"""Of each command's name, what deals with it."""
