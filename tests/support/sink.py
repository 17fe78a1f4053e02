"""A server that takes whatever is posted to it, in the place of Sentry and of an OTLP receiver."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from patience import LONG_S


class Sink:
    """`posted` has every (path, body) that came, uncompressed."""

    def __init__(self, server: ThreadingHTTPServer, posted: list[tuple[str, bytes]]) -> None:
        self.port = int(server.server_address[1])
        self.posted = posted

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def sink() -> Iterator[Sink]:
    """One on a free port."""
    posted: list[tuple[str, bytes]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            posted.append((self.path, body))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Sink(server, posted)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LONG_S)
