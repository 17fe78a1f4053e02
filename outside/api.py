"""Calls to a provider's API: with our credentials, only to the API's own address, with bounded responses."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import httpx

from outside import shape
from outside.call import CallBounds, OutsideCall, begun
from outside.client import Client, pieces, told
from outside.errors import Broken, Left, NotSendable
from outside.files import PACE
from outside.room import LARGE, RoomTaken, give_large_blocks_back, room

_TOLD = 64 * 1024
"""Bytes of an error response that are read: enough for the reason."""
_PATH = re.compile(r"(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*[A-Za-z0-9_~-][A-Za-z0-9._~-]*")


class ApiAnswer:
    """A response: its status, its headers (names in lower case), and the part of the body that was read."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytearray, place: RoomTaken) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._place = place

    def json(self) -> Any:
        """Return the value of a JSON body. Raises ValueError if it is not JSON, or too large or deep."""
        return shape.parsed(self.body)

    def text(self) -> str:
        """Return the body decoded as UTF-8, whatever encoding the headers name."""
        return self.body.decode("utf-8", "replace")

    def keep(self, size: int) -> None:
        """Say how many bytes of the body stay in memory after the block of `asked`."""
        self._place.keep(size)


class Api:
    """The API under one base URL. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        connections: int,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._timeout = timeout_s
        give_large_blocks_back()
        self._client = Client(connections, headers, proxied=base_url, transport=transport)

    @contextmanager
    def asked(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
        file: tuple[str, BinaryIO, str] | None = None,
    ) -> Iterator[ApiAnswer]:
        """Make a call, and read its response before the block begins.

        A large response occupies one of the process's places (see `outside.room`) until the block ends.

        Args:
            method: The HTTP method.
            path: The path under the base URL, of letters, digits, `/`, `.`, `_`, `~` and `-`.
            params: The query.
            headers: In addition to the headers of every call.
            content: A JSON body.
            file: The name, content and MIME type of the only file in a form body.

        Raises:
            NotSendable: The path is not allowed, or the base URL or a header is malformed.
            NotSent: No byte of the call was sent.
            Left: The caller's check ended the call after it was sent; the error names the reason.
            Broken: The call may have arrived, but no usable response came.
            BaseException: The caller's check ended the call before anything was sent: the check's own error.
        """
        if not _PATH.fullmatch(path):
            raise NotSendable("a path that is none of the API's")
        url = self._base.copy_with(raw_path=self._base.raw_path + path.encode("ascii"))
        url = url.copy_merge_params(params) if params else url
        more: dict[str, Any] = {"headers": headers}
        if content is not None:
            more["content"] = json.dumps(content).encode()
            more["headers"] = {**(headers or {}), "Content-Type": "application/json"}
        if file is not None:
            more["files"] = {"content": file}
        total_s = self._timeout + (_size(file[1]) / PACE if file else 0.0)
        with room() as place:
            with begun(CallBounds(total_s, self._timeout, shape.LARGEST)) as call:
                answer = self._read(call, place, (method, url), more)
            yield answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(
        self, call: OutsideCall, place: RoomTaken, request: tuple[str, httpx.URL], more: dict[str, Any]
    ) -> ApiAnswer:
        body = bytearray()
        with self._client.exchange(call, *request, **more) as response:
            refusal = response.status_code >= 400
            try:
                for piece in pieces(response, call):
                    body += piece
                    if refusal and len(body) >= _TOLD:
                        break
                    if len(body) >= LARGE:
                        with told(call):
                            place.take(call)
            except Broken as error:
                # An error status counts even if its body cannot be read.
                if isinstance(error, Left) or not refusal:
                    raise
        return ApiAnswer(response.status_code, response.headers, body, place)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size
