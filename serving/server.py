"""A uvicorn server on a socket that listens already."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """A server that serves in `run_bound` until `stop`; it leaves signals to its caller."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener

    @property
    def address(self) -> str:
        """The address as host:port, with the real port where the system chose it."""
        return "{}:{}".format(*self._listener.getsockname()[:2])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers, unlike uvicorn."""
        yield

    async def run_bound(self) -> None:
        """Serve until `stop`, and then finish the responses in progress (for at most a second)."""
        await self.serve([self._listener])

    def stop(self) -> None:
        """Accept no more connections, and stop."""
        self.should_exit = True
