"""The log of the bots' calls: the latest in full, all of them in exact counters."""

import time
from collections import Counter, deque
from typing import Any


class CallLog:
    """The call log, written by the dispatcher and read by GET /control/calls."""

    def __init__(self, length: int) -> None:
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._calls: deque[tuple[float, str, int | None, int | None, int, str | None]] = deque(maxlen=length)

    def add(
        self, method: str, chat: int | None, message_id: int | None, code: int, description: str | None
    ) -> None:
        """Log a finished call.

        `code` is the HTTP status, or 0 if the connection was closed without a response.
        """
        self.counts[method] += 1
        if code != 200:
            self.refused[str(code)] += 1
        self._calls.append((time.time(), method, chat, message_id, code, description))

    def view(self, method: str | None = None, chat: int | None = None) -> dict[str, Any]:
        """Return the logged calls that match, oldest first; the counters are of all calls since the start."""
        calls = []
        for at, name, where, message_id, code, description in self._calls:
            if (method and name.lower() != method.lower()) or (chat is not None and where != chat):
                continue
            call: dict[str, Any] = {"at": at, "method": name, "ok": code == 200, "code": code}
            if where is not None:
                call["chat"] = where
            if message_id is not None:
                call["message_id"] = message_id
            if description is not None:
                call["description"] = description
            calls.append(call)
        return {"calls": calls, "counts": dict(self.counts), "refused": dict(self.refused)}
