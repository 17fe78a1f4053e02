"""New messages, which a call that is made twice would double: where they go, and when they count as sent."""

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
    """Says of a message that is sent at most once that it may have been sent. Both calls may block."""

    def take(self) -> bool:
        """Set it right before the request goes out; False where another has, or its outcome is unknown."""

    def give_back(self) -> None:
        """The request has surely not been carried out."""


@asynccontextmanager
async def ready(
    limiter: SharedLimiter, chat: int, mark: Mark | None, unmarked: Urgency = Urgency.RESULT
) -> AsyncIterator[Urgency]:
    """All that comes before an unrepeatable request: its turn, and then, last of all, its mark. One without a
    mark takes its turn itself, with the urgency of `unmarked`.

    The mark stays only on evidence that the request may have been carried out. Raises SentBefore and NotNow.
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
    """Make a call with its topic and reply; where that is refused, without: they only say where it goes."""
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
