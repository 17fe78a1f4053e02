"""What is costly to find out, and the same for all who ask."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class Shared(Generic[Found]):
    """Finds it out once at a time, however many ask, strangers among them.

    Who asks while it is being found out gets the next finding, together with all others who do: no answer is
    older than its question.
    """

    def __init__(self, find: Callable[[], Awaitable[Found]]) -> None:
        self._find = find
        self._next: asyncio.Task[Found] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> Found:
        """What is found; raises what finding it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._turn())
            self._next.add_done_callback(_seen)
        return await asyncio.shield(self._next)

    async def _turn(self) -> Found:
        async with self._one_at_a_time:
            self._next = None
            return await self._find()


def _seen(found: "asyncio.Task[Any]") -> None:
    """Take its error as told: whoever asked may have gone."""
    if not found.cancelled():
        found.exception()
