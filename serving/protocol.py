"""uvicorn's HTTP/1.1 protocol for clients that are strangers: none is silent, slow or endless at our cost."""

import asyncio
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.waiting import PendingConnections

_PIECE = 16_384
"""As much is given to the parser at a time: it looks at the length of a head between two pieces."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may take, in seconds: for a request's head, for its body, and for the answer.

    `body_s` leaves whoever reads the body the time to say that it was too slow. `hurry_s` is what the longest
    silent one has left where too many wait: its request may be here already, and only not yet read.
    """

    head_s: float = 10.0
    body_s: float = 11.0
    answer_s: float = 30.0
    hurry_s: float = 0.5


class GuardedProtocol(H11Protocol):
    """Closes a connection that is late with a request, or that must make room for others.

    uvicorn itself bounds only how long nothing comes after an answer (`timeout_keep_alive`).
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
        """Somebody is there, and has to say something."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Part of a request has come."""
        for begin in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + _PIECE])
        self._look()

    def on_response_complete(self) -> None:
        """An answer has been sent; the next request may be there already."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._waits_no_more()
        if self._late:
            self._late.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Begin the time of the stage that has been reached."""
        if self.transport.is_closing():
            return  # the time of the last stage goes on: it may take no longer to close
        theirs = self.conn.their_state
        stage = (self.cycle, theirs if theirs in (h11.IDLE, h11.SEND_BODY) else h11.DONE)
        if stage == self._stage:
            return
        self._stage = stage
        if stage[1] is h11.DONE:
            self._waits_no_more()
        elif self in self._hurried:
            return  # part of a request begins no new time
        elif longest := self._waiting.enter(self, self._host()):
            longest.hurry()
        self._close_in(self._within_s(stage[1]))

    def hurry(self) -> None:
        """Too many wait, and this one for the longest: it must bring its request now."""
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
