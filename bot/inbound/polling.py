"""Long polling. Unlike the library's updater it confirms an update only after its acknowledgement."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import TelegramError

from bot import menus
from bot.application import ADMINS, UPDATE_TYPES, App
from bot.commands import COMMANDS
from bot.draining import drain
from bot.inbound import reading
from bot.inbound.ack import Ack
from bot.inbound.handling import Handling
from bot.inbound.soundness import is_id, is_sound
from bot.retries import patient
from jobs.errors import DarkroomError

log = structlog.get_logger(__name__)

LONG_POLL_S = 30
"""Time (s) that Telegram may hold a getUpdates open."""
HANDLED_S = 1.0
"""Longest wait (s) for a batch's handlers before the next getUpdates.

A handler that still waits for its chat's rate limit thus does not hold up the other chats.
"""
MOST_PENDING = 512
"""Most updates whose handlers have not ended; above this the bot asks for no more."""


class Poller:
    """The source of updates in polling mode: `run` until its task is cancelled, then `finish`.

    An update is confirmed after it is acknowledged. If the process dies before that, the next process gets
    the update.
    """

    def __init__(self, application: App) -> None:
        self._application = application
        self._bot: Bot = application.bot
        self._offset = 0
        self._handling = Handling(self._process)
        self._acks: dict[int, Ack] = {}

    async def run(self) -> None:
        """Poll until cancelled, and retry through all passing errors.

        Raises:
            InvalidToken: Telegram refuses the bot's token.
        """
        await patient("getMe")(self._application.initialize)
        # Telegram gives updates to a webhook or to getUpdates, never to both.
        await patient("deleteWebhook")(self._bot.delete_webhook)
        log.info("polling", bot=self._bot.username)
        announcing: asyncio.Task[None] = asyncio.create_task(
            patient("setMyCommands")(menus.announce, self._bot, COMMANDS, self._application.bot_data[ADMINS])
        )
        try:
            await self._poll()
        finally:
            announcing.cancel()

    async def finish(self, within_s: float) -> None:
        """Wait until the handlers end, and confirm the updates that were handled.

        Handlers that take longer than `within_s` seconds are cancelled.
        """
        late = await drain(self._handling.pending, within_s)
        if self._offset:
            with suppress(TelegramError, TimeoutError):
                await asyncio.wait_for(self._updates(wait_s=0), timeout=1)
        log.info("stopped", unfinished=late)

    async def _poll(self) -> None:
        while True:
            wait_s = 0 if self._undecided() else LONG_POLL_S
            updates: Sequence[Update] = await patient("getUpdates")(self._updates, wait_s)
            if updates:
                self._offset = updates[-1].update_id + 1
            # Telegram returns unconfirmed updates again each time.
            fresh = {self._begin(each) for each in updates if each.update_id not in self._acks}
            if fresh:
                await asyncio.wait(fresh, timeout=HANDLED_S)
            elif undecided := self._undecided():
                fates = {self._acks[each].answer for each in undecided}
                await asyncio.wait(fates, timeout=HANDLED_S, return_when=asyncio.FIRST_COMPLETED)
            pending = self._handling.pending
            while len(pending) > MOST_PENDING:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    def _begin(self, update: Update) -> "asyncio.Task[None]":
        ack = self._acks[update.update_id] = Ack(comes_again=False)
        return self._handling.begin(update, ack)

    def _undecided(self) -> list[int]:
        return [number for number, ack in self._acks.items() if not ack.taken]

    def _confirmed(self) -> int:
        """Return the offset that confirms all updates before the first that is not acknowledged.

        The acks of the confirmed updates are forgotten.
        """
        offset = min([*self._undecided(), self._offset])
        self._acks = {number: each for number, each in self._acks.items() if number >= offset}
        return offset

    async def _updates(self, wait_s: int) -> Sequence[Update]:
        offset = self._confirmed() or None
        try:
            found = await self._bot.get_updates(offset=offset, timeout=wait_s, allowed_updates=UPDATE_TYPES)
            read = [_sound(each, each.update_id) for each in found]
        except TelegramError:
            raise
        except Exception:
            read = await self._one_by_one(offset)
        sound = [each for each in read if each is not None]
        if read and not sound:
            raise DarkroomError("none of the updates has a number")
        return sound

    async def _one_by_one(self, offset: int | None) -> list[Update | None]:
        """Return the updates, each parsed by itself: a malformed one must not hold up the others."""
        # Telegram ignores the case of a method's name. For the usual spelling the library would warn that it
        # has a method of its own.
        found: Any = await self._bot.do_api_request(
            "GetUpdates", {"offset": offset, "allowed_updates": UPDATE_TYPES}
        )
        numbers = [each.get("update_id") if isinstance(each, dict) else None for each in found]
        read = [reading.update_from(each, self._bot) for each in found]
        return [_sound(*each) for each in zip(read, numbers, strict=True)]

    async def _process(self, update: Update) -> None:
        application = self._application
        await application.update_processor.process_update(update, application.process_update(update))


def _sound(update: Update | None, number: Any) -> Update | None:
    """Return the update, reduced to its number where something in it is malformed.

    The number is enough to confirm the update. None where the number is malformed too.
    """
    if update is not None and is_sound(update):
        return update
    log.warning("not an update as Telegram has them", update=number)
    return Update(number) if is_id(number) else None
