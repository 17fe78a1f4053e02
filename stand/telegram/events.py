"""The events in the chats, numbered; a long poll and a stream read them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from stand.telegram.chats import Record, Snapshot

Json = dict[str, Any]


class Events:
    """The last `length` events. An event with a message holds the message as it was at that moment."""

    def __init__(self, length: int) -> None:
        self.seq = 0
        self._events: deque[tuple[int, Json, Snapshot | None]] = deque(maxlen=length)
        self._fresh = asyncio.Event()
        self._closed = False
        self.readers = 0

    def add(self, kind: str, chat: int | None = None, record: Record | None = None, **more: Any) -> None:
        """Append an event and wake the readers."""
        self.seq += 1
        event: Json = {"seq": self.seq, "type": kind}
        if chat is not None:
            event["chat"] = chat
        event.update(more)
        self._events.append((self.seq, event, record.snapshot() if record else None))
        self._fresh.set()

    def close(self) -> None:
        """End all waits and streams."""
        self._closed = True
        self._fresh.set()

    def after(self, seq: int, chat: int | None = None) -> list[Json]:
        """Return the events with a number above `seq`, oldest first; with `chat`, only that chat's."""
        found: list[Json] = []
        for number, event, snapshot in reversed(self._events):
            if number <= seq:
                break
            if chat is None or event.get("chat") == chat:
                found.append({**event, "message": snapshot.view()} if snapshot else event)
        return found[::-1]

    async def wait(
        self,
        seq: int,
        timeout: float,  # noqa: ASYNC109 - the long poll's own parameter
        chat: int | None = None,
    ) -> list[Json]:
        """Return the events as `after` does; wait up to `timeout` seconds for the first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        seen = seq
        while True:
            found = self.after(seen, chat)
            left = deadline - loop.time()
            if found or left <= 0 or self._closed:
                return found
            seen = max(seen, self.seq)
            self._fresh.clear()
            self.readers += 1
            try:
                await asyncio.wait_for(self._fresh.wait(), left)
            except TimeoutError:
                continue
            finally:
                self.readers -= 1

    async def stream(self, seq: int) -> AsyncIterator[Json]:
        """Yield all events after `seq` until the stand stops."""
        while not self._closed:
            for event in await self.wait(seq, 15):
                seq = event["seq"]
                yield event
