"""A server of ours on a socket that listens already."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """`run_bound` until `stop`; signals are the business of whoever runs it."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener

    @property
    def address(self) -> str:
        """The address, as host:port, where the system chose the port too."""
        return "{}:{}".format(*self._listener.getsockname()[:2])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def run_bound(self) -> None:
        """Serve until `stop`, then for as long as answers under way take (at most a second)."""
        await self.serve([self._listener])

    def stop(self) -> None:
        """Take no more connections, and end."""
        self.should_exit = True
