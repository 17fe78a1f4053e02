"""Retries of calls to Telegram that must succeed."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter

import retries
from chat.errors import seconds
from jobs.errors import DarkroomError

log = structlog.get_logger(__name__)


def patient(what: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a function that calls a coroutine function again until the call succeeds.

    The function takes the coroutine function and its arguments. It ends early only when its task is cancelled
    or Telegram refuses the token (InvalidToken).

    Args:
        what: The name of the call in the log.
    """
    return retries.endless(_passes, _advised, lambda error, wait_s: _tell(what, error, wait_s)).call_async


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
