"""Closing a connection in the middle of a call, which ASGI itself cannot do."""

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class Line(H11Protocol):
    """uvicorn's HTTP/1.1 protocol; it passes its connection to the application in the scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Store the new connection for the application."""
        self.app_state = {**self.app_state, "transport": transport}
        # asyncio sets TCP_NODELAY only if the socket's protocol number is TCP's, and `socket.create_server`
        # leaves that at 0. Without TCP_NODELAY a response's second packet waits 40 ms for the acknowledgement
        # of the first.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


class HangUp(Response):
    """No response: the connection ends, by a TCP reset or as a stopping server closes it.

    With `body`, the headers and that body are sent first, with a Content-Length of `promised` bytes.
    """

    def __init__(
        self, *, reset: bool = False, body: bytes = b"", promised: int = 0, mime: str | None = None
    ) -> None:
        super().__init__(body, media_type=mime)
        self._reset = reset
        self._promised = promised

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """End the connection and wait until it has ended."""
        if self._promised:
            self.headers["content-length"] = str(self._promised)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        transport: asyncio.Transport = scope["state"]["transport"]
        if self._reset:
            line: Any = transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
