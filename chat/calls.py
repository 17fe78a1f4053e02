"""Calls to Telegram: their retries and time bounds, and the translation of their errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import TelegramError

from chat.errors import MessageGone, OutcomeUnknown, Refused, translate
from jobs.errors import PassingError

TEXT_BOUND_S = 120.0
"""Longest duration (s) of a call without a file: the wait for the rate limit, then the call itself."""
MEDIA_BOUND_S = 300.0
"""Longest duration (s) of a call with a file."""
_REPEAT_AFTER_S = 0.3

T = TypeVar("T")


async def twice(edit: Callable[[], Awaitable[T]], bound_s: float) -> T | None:
    """Make an idempotent call, and retry it once after a network error.

    Telegram's own "retry after" is passed on as PassingError. Returns and raises as `once` does.
    """
    try:
        return await once(edit, bound_s, repeatable=True)
    except PassingError as error:
        if error.retry_after is not None:
            raise
    await asyncio.sleep(_REPEAT_AFTER_S)
    return await once(edit, bound_s, repeatable=True)


async def unrepeated(post: Callable[[], Awaitable[T]], bound_s: float) -> T:
    """Make a call that must not be repeated; raises OutcomeUnknown where Telegram's response was lost."""
    try:
        sent = await once(post, bound_s, repeatable=False)
    except MessageGone as error:
        # For a new message, this error can only be about the message that it replies to.
        raise Refused(str(error)) from error
    if sent is None:
        raise Refused("Telegram says of a new message that it is not modified")
    return sent


async def once(call: Callable[[], Awaitable[T]], bound_s: float, *, repeatable: bool) -> T | None:
    """Make a call one time, and translate its errors.

    Args:
        call: The call.
        bound_s: Longest duration in seconds.
        repeatable: Making the call twice does the same as making it once.

    Returns:
        The call's result; None where the message already was as wanted.

    Raises:
        DarkroomError: One of the errors of `chat.errors`, or PassingError.
    """
    bound = asyncio.timeout(bound_s)
    try:
        async with bound:
            return await call()
    except TimeoutError as error:
        if not bound.expired():
            raise
        late = f"no answer within {bound_s:g} s"
        raise (PassingError(late) if repeatable else OutcomeUnknown(late)) from error
    except TelegramError as error:
        meant = translate(error, repeatable=repeatable)
        if meant is None:
            return None
        raise meant from error
