"""Who may press for whom: people for themselves, and admins for the chat in whose name they write.

Telegram hides who writes as a chat, but not who presses a button.
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
"""Longest wait for Telegram to say what somebody is in a chat."""


async def may_act_as(services: Services, user: int, owner: int) -> bool:
    """Return whether `user` may do what `owner` may: the same person, or a chat that they are an admin of.

    Where Telegram does not say so, nobody is.
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
    """Return whose list (or settings) the pressed button is under; None for a press by anybody else."""
    owner = incoming.asker(query)
    if owner is None or not await may_act_as(services, query.from_user.id, owner):
        return None
    return owner
