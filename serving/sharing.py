"""Sharing of one costly result among concurrent callers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class Shared(Generic[Found]):
    """Runs `find` once at a time, however many callers there are, strangers among them.

    Callers that arrive during a run share the result of the next run, so that no result is older than the
    call that gets it.
    """

    def __init__(self, find: Callable[[], Awaitable[Found]]) -> None:
        self._find = find
        self._next: asyncio.Task[Found] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> Found:
        """Return the result of a run that starts after this call; raises what `find` raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._turn())
            self._next.add_done_callback(_seen)
        return await asyncio.shield(self._next)

    async def _turn(self) -> Found:
        async with self._one_at_a_time:
            self._next = None
            return await self._find()


def _seen(found: "asyncio.Task[Any]") -> None:
    """Retrieve the task's error, lest asyncio log it: all its callers may have gone."""
    if not found.cancelled():
        found.exception()
