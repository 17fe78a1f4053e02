"""The admins' commands and buttons, and the check of who is an admin."""

from telegram import Update

from bot import incoming
from bot.handlers.admin import broadcast
from bot.services import Services


def is_admin(services: Services, user: int) -> bool:
    """Return whether ADMIN_IDS contains the user's id."""
    return user in services.settings.admin_ids


async def pressed(services: Services, update: Update) -> bool:
    """Handle an admin's press of an admins' button; return False for any other press."""
    query = incoming.pressed(update)
    if not is_admin(services, query.from_user.id):
        return False
    return await broadcast.pressed(services, update)
