"""The admins' commands and buttons, and who is an admin."""

from telegram import Update

from bot import incoming
from bot.handlers.admin import broadcast
from bot.services import Services


def is_admin(services: Services, user: int) -> bool:
    """Whether this user's id stands in ADMIN_IDS."""
    return user in services.settings.admin_ids


async def pressed(services: Services, update: Update) -> bool:
    """Take the press of a button that only admins have; False for all others, and for all others' presses."""
    query = incoming.pressed(update)
    if not is_admin(services, query.from_user.id):
        return False
    return await broadcast.pressed(services, update)
