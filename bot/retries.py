"""Trying until Telegram answers, and until the ledger does."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter

import retries
from chat.errors import seconds
from jobs.errors import DarkroomError

log = structlog.get_logger(__name__)
T = TypeVar("T")


def patient(what: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Repeat a call until it succeeds or its task is cancelled; only a token that is refused ends it.

    The coroutine function and its arguments are given to what this returns; `what` names the call in the log.
    """
    return retries.endless(_passes, _advised, lambda error, wait_s: _tell(what, error, wait_s)).call_async


async def ledger_back(call: Callable[[], Awaitable[T]], within_s: float) -> T:
    """Repeat a call until the ledger takes it; the last LedgerUnavailable after `within_s` seconds."""
    return await retries.ledger_back(within_s).call_async(call)


def _passes(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, InvalidToken)


def _advised(error: BaseException) -> float | None:
    return seconds(error) if isinstance(error, RetryAfter) else None


def _tell(what: str, error: BaseException, wait_s: float) -> None:
    if isinstance(error, Conflict):
        log.warning("another process reads the updates of this token: end one of the two", call=what)
    elif isinstance(error, BadRequest | DarkroomError):
        log.error("telegram does not take this call", call=what, error=str(error))
    else:
        log.warning("telegram is out of reach", call=what, error=repr(error), again_in_s=round(wait_s, 1))
