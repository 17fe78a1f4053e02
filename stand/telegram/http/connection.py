"""Connections that end without a response: some faults act on the socket itself."""

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_KEY = "stand.abort"


class Hangup(Exception):
    """The call gets no response; with `reset` the connection ends with RST instead of FIN."""

    def __init__(self, why: str, reset: bool = False) -> None:
        super().__init__(why)
        self.reset = reset


class StandProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also gives the application a way to cut its own connection."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        app = self.app

        def cut(reset: bool) -> None:
            if reset and (sock := transport.get_extra_info("socket")) is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_KEY] = cut
            await app(scope, receive, send)

        self.app = with_cut


class _NoAnswer(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        message: Message = {"type": ""}
        # To the server the request has ended only once it saw the disconnect.
        while message["type"] != "http.disconnect":
            message = await receive()


async def hang_up(request: Request, hangup: Hangup) -> Response:
    """Cut the request's connection; return a response that sends nothing."""
    cut: Callable[[bool], None] = request.scope[_KEY]
    cut(hangup.reset)
    return _NoAnswer()
