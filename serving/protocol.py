"""uvicorn's HTTP/1.1 protocol with time limits, so that silent, slow and endless clients cost little."""

import asyncio
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.waiting import PendingConnections

_PIECE = 16_384
"""Bytes that the parser gets at a time; it checks the length of a request's head between two pieces."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits of a connection, in seconds.

    Attributes:
        head_s: For a request's head.
        body_s: For a request's body. The application's own limit is shorter, so that it can still respond
            that the body was too slow.
        answer_s: For the response.
        hurry_s: What the connection that has waited longest has left once too many wait. Its request may have
            arrived already and only not been read.
    """

    head_s: float = 10.0
    body_s: float = 11.0
    answer_s: float = 30.0
    hurry_s: float = 0.5


class GuardedProtocol(H11Protocol):
    """Closes a connection that is late with a request, or that must make room for others.

    uvicorn itself limits only the silence after a response (`timeout_keep_alive`).
    """

    def __init__(
        self,
        *args: Any,
        waiting: "PendingConnections[GuardedProtocol]",
        hurried: "PendingConnections[GuardedProtocol]",
        patience: Patience,
        **others: Any,
    ) -> None:
        super().__init__(*args, **others)
        self._waiting = waiting
        self._hurried = hurried
        self._patience = patience
        self._stage: object = None
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit for the first request's head."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Parse a part of a request, and start the time limit of the stage that it reaches."""
        for begin in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + _PIECE])
        self._look()

    def on_response_complete(self) -> None:
        """Start the time limit for the next request, which may have arrived already."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit, and give up the connection's place among those that wait."""
        self._waits_no_more()
        if self._late:
            self._late.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Start the time limit of the stage that the connection has reached."""
        if self.transport.is_closing():
            return  # the last stage's time limit stays, and bounds the closing too
        theirs = self.conn.their_state
        stage = (self.cycle, theirs if theirs in (h11.IDLE, h11.SEND_BODY) else h11.DONE)
        if stage == self._stage:
            return
        self._stage = stage
        if stage[1] is h11.DONE:
            self._waits_no_more()
        elif self in self._hurried:
            return  # a part of a request gets a hurried connection no more time
        elif longest := self._waiting.enter(self, self._host()):
            longest.hurry()
        self._close_in(self._within_s(stage[1]))

    def hurry(self) -> None:
        """Shorten the time limit to `hurry_s`: too many connections wait, and this one the longest."""
        if longest := self._hurried.enter(self, self._host()):
            longest.transport.abort()
        left_s = self._late.when() - self.loop.time() if self._late else 0.0
        self._close_in(min(left_s, self._patience.hurry_s))

    def _waits_no_more(self) -> None:
        self._waiting.leave(self)
        self._hurried.leave(self)

    def _close_in(self, seconds: float) -> None:
        if self._late:
            self._late.cancel()
        self._late = self.loop.call_later(seconds, self.transport.abort)

    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _within_s(self, state: object) -> float:
        if state is h11.IDLE:
            return self._patience.head_s
        return self._patience.body_s if state is h11.SEND_BODY else self._patience.answer_s
