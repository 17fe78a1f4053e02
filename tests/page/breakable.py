"""A TCP forwarder whose connections a test can cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK = 65_536


class BreakableLine:
    """Forwards a port of its own to another one, until it is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._up = True
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._welcome, daemon=True).start()

    def cut(self) -> None:
        """End all connections and take no new ones."""
        self._up = False
        for pair in self._pairs:
            for side in pair:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def mend(self) -> None:
        """Take new connections again."""
        self._up = True

    def close(self) -> None:
        """Cut the line for good."""
        self.cut()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                if not self._up:
                    caller.close()
                    continue
                callee = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                callee.settimeout(None)
                self._pairs.append((caller, callee))
                for source, sink in ((caller, callee), (callee, caller)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        source.close()


@contextlib.contextmanager
def breakable(port: int) -> Iterator[BreakableLine]:
    """A line to `port` of this machine."""
    line = BreakableLine(port)
    try:
        yield line
    finally:
        line.close()
