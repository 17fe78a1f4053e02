"""Flood control for all processes that share the bot's token, as python-telegram-bot's rate limiter."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any

import redis
import structlog
from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from chat.budget import CallBudget
from chat.errors import Dropped, NotNow, seconds
from chat.seen import CallMetrics
from config.settings import Settings
from jobs.errors import PassingError
from ledger.limits.fail_open import FailOpen
from ledger.processes.metrics_buffer import MetricsBuffer

PATIENCE_S = 60.0
"""Longest wait of one call for its turn, all its repetitions after `retry_after` together, unless it is
told otherwise."""
ATTEMPTS = 4
"""A call is made this many times before Telegram's "retry after" is passed on to the caller."""

Json = dict[str, Any]
Callback = Callable[..., Coroutine[Any, Any, bool | Json | list[Json]]]

_log = structlog.get_logger(__name__)


class Urgency(StrEnum):
    """How much a call matters: the `rate_limit_args` of the bot's methods."""

    PROGRESS = "progress"  # dropped rather than waited for
    RESULT = "result"  # waits for its turn; the default
    ANSWER = "answer"  # waits for a turn among all chats, not for its own chat; is made once
    BOOKED = "booked"  # has taken its turn before, by `SharedLimiter.turn`, and is made once


class SharedLimiter(BaseRateLimiter[Urgency]):
    """Lets messages and edits through at the rates of the settings, whichever process sends them.

    Calls that post or edit raise Dropped (PROGRESS), NotNow (no turn within `patience_s`, or at once for an
    ANSWER) or PassingError ("retry after" beyond that). All other calls pass untouched: answers to
    presses, chat actions, getMe.
    """

    def __init__(
        self, settings: Settings, patience_s: float = PATIENCE_S, tally: MetricsBuffer | None = None
    ) -> None:
        self._settings = settings
        self._patience = patience_s
        self._seen = CallMetrics(tally or MetricsBuffer())
        self._budget: CallBudget | None = None
        self._breaker = FailOpen("the budget for calls to Telegram")

    async def initialize(self) -> None:
        """Open the connection to the budget; again is no harm. Redis need not be there yet."""
        if self._budget is None:
            self._budget = CallBudget(self._settings)

    async def shutdown(self) -> None:
        """Close the connection; again is no harm."""
        budget, self._budget = self._budget, None
        if budget is not None:
            await budget.close()

    async def process_request(
        self,
        callback: Callback,
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Urgency | None,
    ) -> bool | Json | list[Json]:
        """Make the call when its turn has come; see the class for the errors."""
        chat = data.get("chat_id")
        if chat is None or not _posts(endpoint):
            with self._seen.call(endpoint):
                return await callback(*args, **kwargs)
        urgency = rate_limit_args or Urgency.RESULT
        deadline = time.monotonic() + self._patience
        attempts = 1 if urgency in (Urgency.BOOKED, Urgency.ANSWER) else ATTEMPTS
        for attempt in range(1, attempts + 1):
            if urgency is not Urgency.BOOKED:
                with self._seen.wait(urgency):
                    await self._turn(chat, urgency, deadline)
            try:
                with self._seen.call(endpoint):
                    return await callback(*args, **kwargs)
            except RetryAfter as error:
                told = seconds(error)
                _log.info("telegram asks to wait", endpoint=endpoint, seconds=told)
                await self._hold(chat, told)
                if urgency is Urgency.PROGRESS:
                    self._seen.drop()
                    raise Dropped("Telegram told the chat to wait") from error
                if attempt == attempts or time.monotonic() + told > deadline:
                    raise PassingError("Telegram asks to wait", retry_after=told) from error
                await asyncio.sleep(told)
        raise AssertionError("the last attempt returns or raises")

    async def turn(self, chat: int | str) -> None:
        """Take the turn of a call that is made right after this, with Urgency.BOOKED; raises NotNow."""
        with self._seen.wait(Urgency.RESULT):
            await self._turn(chat, Urgency.RESULT, time.monotonic() + self._patience)

    async def _turn(self, chat: int | str, urgency: Urgency, deadline: float) -> None:
        first = {Urgency.PROGRESS: "spare", Urgency.ANSWER: "ready"}.get(urgency, "wait")
        mode = first
        while True:
            budget = self._reachable()
            if budget is None:
                return
            try:
                answer = await budget.take(chat, mode, max(0.0, deadline - time.monotonic()))
            except redis.RedisError as error:
                self._breaker.failed(error)
                return
            self._breaker.succeeded()
            if answer.word == "short":
                if urgency is Urgency.PROGRESS:
                    self._seen.drop()
                    raise Dropped("the budget for calls to Telegram is short")
                raise NotNow("no turn to call Telegram in time", retry_after=answer.wait_s)
            await asyncio.sleep(answer.wait_s)
            if answer.word == "go":
                return
            # A hold voids what was booked before it: the bucket starts anew when it ends.
            mode = "booked" if answer.word == "booked" else first

    async def _hold(self, chat: int | str, told: float) -> None:
        budget = self._reachable()
        if budget is None:
            return
        try:
            await budget.hold(chat, told)
        except redis.RedisError as error:
            self._breaker.failed(error)

    def _reachable(self) -> CallBudget | None:
        return None if self._breaker.is_open else self._budget


def _posts(endpoint: str) -> bool:
    """Whether Telegram's limits on messages count this call."""
    return endpoint.startswith(("send", "edit", "copy", "forward")) and endpoint != "sendChatAction"
