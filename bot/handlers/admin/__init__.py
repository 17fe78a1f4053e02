"""The admins' commands: who may give them, and what stands behind each."""

from telegram import Update

from bot import incoming
from bot.handlers import fallback
from bot.handlers.admin import (
    broadcast as admin_broadcast,
)
from bot.handlers.admin import (
    budget as admin_budget,
)
from bot.handlers.admin import (
    job as admin_job,
)
from bot.handlers.admin import (
    lanes as admin_lanes,
)
from bot.handlers.admin import (
    users as admin_users,
)
from bot.heeding import Handle, heeded
from bot.services import Services


def is_admin(services: Services, user: int) -> bool:
    """Whether this user's id stands in ADMIN_IDS."""
    return user in services.settings.admin_ids


def for_admins(handle: Handle) -> Handle:
    """The command as admins know it in their private chats; for all others there is no such command."""

    listening = heeded(handle)

    async def guarded(services: Services, update: Update) -> None:
        user, message = incoming.speech(update)
        known = is_admin(services, user.id) and incoming.is_private(message.chat)
        await (listening if known else fallback.command)(services, update)

    return guarded


COMMANDS: dict[str, Handle] = {
    "stats": for_admins(admin_lanes.stats),
    "pause": for_admins(admin_lanes.pause),
    "resume": for_admins(admin_lanes.resume),
    "budget": for_admins(admin_budget.budget),
    "job": for_admins(admin_job.job),
    "user": for_admins(admin_users.user),
    "block": for_admins(admin_users.block),
    "unblock": for_admins(admin_users.unblock),
    "vip": for_admins(admin_users.vip),
    "broadcast": for_admins(admin_broadcast.broadcast),
}


async def pressed(services: Services, update: Update) -> bool:
    """Take the press of a button that only admins have; False for all others, and for all others' presses."""
    query = incoming.pressed(update)
    if not is_admin(services, query.from_user.id):
        return False
    return await admin_broadcast.pressed(services, update)
