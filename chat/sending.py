"""Sending of new messages at most once: their place in the chat, and the mark that one may have been sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from telegram import ReplyParameters

from chat.errors import FileUnknown, MediaForbidden, OutcomeUnknown, Refused, SentBefore
from chat.limiter import SharedLimiter, Urgency
from jobs.model import Origin

Json = dict[str, Any]
T = TypeVar("T")


class Mark(Protocol):
    """The mark that a message, which is sent at most once, may have been sent. Both calls may block."""

    def take(self) -> bool:
        """Set the mark right before the request goes out.

        Returns:
            False where another caller has set it, or the outcome of an earlier request is unknown.
        """

    def give_back(self) -> None:
        """Take the mark back, as the request surely was not carried out."""


@asynccontextmanager
async def ready(
    limiter: SharedLimiter, chat: int, mark: Mark | None, unmarked: Urgency = Urgency.RESULT
) -> AsyncIterator[Urgency]:
    """Prepare a request that must not be repeated, which the caller makes in the block.

    With a mark, wait for the rate limit and then set the mark, as the last step before the request. Without a
    mark the request itself waits for the rate limit, with the urgency `unmarked`. The mark stays only if the
    request may have been carried out.

    Yields:
        The urgency of the request.

    Raises:
        SentBefore: The mark was set before.
        NotNow: The rate limit leaves no room in time.
    """
    if mark is None:
        yield unmarked
        return
    await limiter.turn(chat)
    if not await asyncio.to_thread(mark.take):
        raise SentBefore("a message that is sent at most once")
    try:
        yield Urgency.BOOKED
    except OutcomeUnknown:
        raise
    except Exception:
        await asyncio.to_thread(mark.give_back)
        raise


async def placed(origin: Origin, reply_to: int, make: Callable[[Json], Awaitable[T]]) -> T:
    """Make a call with its topic and reply; where Telegram refuses these, make it without them."""
    place: Json = {"message_thread_id": origin.thread or None, "reply_parameters": _reply(reply_to)}
    try:
        return await make(place)
    except (MediaForbidden, FileUnknown):
        raise
    except Refused:
        if not any(place.values()):
            raise
    return await make({})


def _reply(message: int) -> ReplyParameters | None:
    return ReplyParameters(message, allow_sending_without_reply=True) if message else None
