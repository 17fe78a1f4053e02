"""Permission to press a button for somebody: people for themselves, admins for the chat they write as.

Telegram hides which person writes in the name of a chat, but not which person presses a button.
"""

import asyncio

import structlog
from telegram import CallbackQuery, ChatMember
from telegram.error import TelegramError

from bot import incoming
from bot.services import Services

log = structlog.get_logger(__name__)

_ADMINS = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})
_MEMBER_S = 5.0
"""Longest wait (s) for Telegram to say what role a user has in a chat."""


async def may_act_as(services: Services, user: int, owner: int) -> bool:
    """Return whether `user` may act as `owner`: the user themselves, or a chat that the user is an admin of.

    Where Telegram does not answer, the user counts as no admin.
    """
    if owner >= 0 or user < 0:
        return user == owner
    try:
        async with asyncio.timeout(_MEMBER_S):
            member = await services.gateway.bot.get_chat_member(owner, user)
    except (TelegramError, TimeoutError) as error:
        log.info("not known whether an admin", error=repr(error))
        return False
    return member.status in _ADMINS


async def owner_of_list(services: Services, query: CallbackQuery) -> int | None:
    """Return the owner of the list or settings with the pressed button.

    None where the owner is unknown, or the person who pressed may not act as the owner.
    """
    owner = incoming.asker(query)
    if owner is None or not await may_act_as(services, query.from_user.id, owner):
        return None
    return owner
