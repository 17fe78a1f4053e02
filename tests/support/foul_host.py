"""A host that answers as no honest one does: each connection is given to a script of a test's own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

Script = Callable[["Line"], None]
HEAD = b"HTTP/1.1 200 OK\r\n"


class Line:
    """One connection, whose request was read."""

    def __init__(self, line: socket.socket, request: bytes, over: threading.Event) -> None:
        self.request = request
        self._line = line
        self._over = over

    def send(self, data: bytes) -> None:
        """Send at once; OSError where the other side is gone."""
        self._line.sendall(data)

    def dribble(self, data: Iterator[int] | bytes, pause_s: float = 0.05) -> None:
        """Send a byte, and after a pause the next one, until the other side is gone or the test is over."""
        for byte in data:
            self.send(bytes([byte]))
            if self._over.wait(pause_s):
                return


class FoulHost:
    """Serves on loopback until it is closed; `seen` has each request as it came."""

    def __init__(self) -> None:
        self.script: Script = lambda line: line.send(HEAD + b"Content-Length: 0\r\n\r\n")
        self.seen: list[bytes] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End all connections."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(30)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(30)
            request = b""
            while b"\r\n\r\n" not in request and (part := line.recv(65536)):
                request += part
            if not request:
                return
            self.seen.append(request)
            self.script(Line(line, request, self._over))


def json_answer(body: bytes, *headers: bytes) -> bytes:
    """A whole answer with that body."""
    lines = (b"Content-Type: application/json", b"Content-Length: %d" % len(body), *headers)
    return HEAD + b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n" + body
