"""A bot's queue of updates: kept until confirmed, returned by offset."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

# Kinds that are left out unless a bot names them in allowed_updates.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
KINDS = frozenset({"message", "edited_message", "callback_query", "my_chat_member"}) | ON_REQUEST


class UpdateQueue:
    """Updates with increasing ids.

    Ids start at a number of Telegram's magnitude, so that no bot relies on small ones.
    """

    def __init__(self, first_id: int, past: int) -> None:
        self.allowed: list[str] | None = None
        self.delivered = 0
        self._next_id = first_id
        self._pending: deque[Json] = deque()
        self._replays: list[Json] = []
        self._past: OrderedDict[int, Json] = OrderedDict()
        self._past_length = past
        self._poller: asyncio.Future[bool] | None = None
        self.on_new: Callable[[Json], None] | None = None

    @property
    def pending(self) -> int:
        """The number of updates that are not confirmed yet."""
        return len(self._pending) + len(self._replays)

    @property
    def last_id(self) -> int:
        """The id of the latest update."""
        return self._next_id - 1

    def wants(self, kind: str) -> bool:
        """Return whether the bot's allowed_updates include this kind."""
        return kind in self.allowed if self.allowed else kind not in ON_REQUEST

    def put(self, kind: str, content: Json) -> int | None:
        """Queue an update; return its id, or None if the bot does not want this kind."""
        if not self.wants(kind):
            return None
        update: Json = {"update_id": self._next_id, kind: content}
        self._next_id += 1
        self._past[update["update_id"]] = update
        if len(self._past) > self._past_length:
            self._past.popitem(last=False)
        self._deliver(update, self._pending)
        return int(update["update_id"])

    def replay(self, update_id: int) -> bool:
        """Deliver a past update once more, under its old id; return False if it is no longer known."""
        update = self._past.get(update_id)
        if update is None:
            return False
        self._deliver(update, self._replays)
        return True

    def _deliver(self, update: Json, queue: deque[Json] | list[Json]) -> None:
        if self.on_new:
            self.on_new(update)
            return
        queue.append(update)
        self.wake()

    def take(self, offset: int, limit: int) -> list[Json]:
        """Confirm the updates below `offset` and return the first `limit` of the rest.

        A negative offset confirms all but the last -offset. A replay is returned once, whatever the offset,
        since its id is an old one.
        """
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
        while self._pending and self._pending[0]["update_id"] < offset:
            self._pending.popleft()
        batch = self._replays[:limit]
        del self._replays[:limit]
        for update in self._pending:
            if len(batch) >= limit:
                break
            batch.append(update)
        self.delivered += len(batch)
        return batch

    def drain(self) -> list[Json]:
        """Return all updates and empty the queue (for a webhook, or drop_pending_updates)."""
        batch = [*self._replays, *self._pending]
        self._replays.clear()
        self._pending.clear()
        return batch

    def restore(self, updates: list[Json]) -> None:
        """Put a webhook's undelivered updates back to the front."""
        self._pending.extendleft(reversed(updates))

    def wake(self) -> None:
        """End a waiting long poll with the present updates."""
        if self._poller and self.polled:
            self._poller.set_result(True)

    @property
    def polled(self) -> bool:
        """Whether a long poll waits for the next update."""
        return self._poller is not None and not self._poller.done()

    def interrupt(self) -> None:
        """End a waiting long poll because another consumer takes over."""
        if self._poller and self.polled:
            self._poller.set_result(False)

    def waiter(self) -> asyncio.Future[bool]:
        """Return a future: True with the next update, False when another consumer takes over."""
        self.interrupt()
        self._poller = asyncio.get_running_loop().create_future()
        return self._poller
