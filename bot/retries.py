"""Trying until Telegram answers, and until the ledger does."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    wait_exponential,
    wait_exponential_jitter,
)

from chat.errors import seconds
from jobs.errors import DarkroomError, LedgerUnavailable, PassingError

log = structlog.get_logger(__name__)
T = TypeVar("T")

_GROWING = wait_exponential_jitter(multiplier=0.5, max=15, jitter=0.5)
_BRIEF = wait_exponential(multiplier=0.5, max=4)


def patient(what: str) -> AsyncRetrying:
    """Repeat a call until it succeeds or its task is cancelled; only a token that is refused ends it."""
    return AsyncRetrying(
        retry=retry_if_exception(_passes),
        wait=_pause,
        before_sleep=lambda state: _tell(what, state),
        reraise=True,
    )


async def ledger_back(call: Callable[[], Awaitable[T]], within_s: float) -> T:
    """Repeat a call until the ledger takes it; the last LedgerUnavailable after `within_s` seconds."""
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(LedgerUnavailable),
        wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
        stop=stop_after_delay(within_s),
        reraise=True,
    )

    async def attempt() -> T:
        return await call()

    return await retrying(attempt)


def persistent() -> AsyncRetrying:
    """Repeat what Telegram has surely not done, for half a minute at most; the last PassingError then."""
    return AsyncRetrying(
        retry=retry_if_exception_type(PassingError),
        wait=_advised,
        stop=stop_after_attempt(5) | stop_before_delay(30),
        reraise=True,
    )


def _advised(state: RetryCallState) -> float:
    error = _error(state)
    advice = error.retry_after if isinstance(error, PassingError) else None
    return max(_BRIEF(state), advice or 0.0)


def _passes(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, InvalidToken)


def _pause(state: RetryCallState) -> float:
    error = _error(state)
    return seconds(error) if isinstance(error, RetryAfter) else _GROWING(state)


def _tell(what: str, state: RetryCallState) -> None:
    error = _error(state)
    if isinstance(error, Conflict):
        log.warning("another process reads the updates of this token: end one of the two", call=what)
    elif isinstance(error, BadRequest | DarkroomError):
        log.error("telegram does not take this call", call=what, error=str(error))
    else:
        wait = state.next_action.sleep if state.next_action else 0
        log.warning("telegram is out of reach", call=what, error=repr(error), again_in_s=round(wait, 1))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
