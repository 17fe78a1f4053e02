"""A web server with one large video, like a provider's output host."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


_TRACK = _box(b"trak", _box(b"mdia", _box(b"hdlr", bytes(8) + b"vide" + bytes(13))))
_HEADER = _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41") + _box(b"moov", _TRACK)
"""The header that makes the file an MP4 video; the rest is one box of padding."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class LargeFile:
    """Serves an MP4 of `size` bytes from threads of this process; a context manager."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._folder = TemporaryDirectory(prefix="large-")

    def __enter__(self) -> Self:
        padding = self._size - len(_HEADER)
        with Path(self._folder.name, "large.mp4").open("wb") as file:
            file.write(_HEADER + padding.to_bytes(4) + b"free")
            file.truncate(self._size)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=self._folder.name))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"http://127.0.0.1:{self._server.server_port}/large.mp4"
