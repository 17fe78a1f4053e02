"""A provider's API: calls with our credentials, to its own address and no other, whose answers are small."""

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
"""Bytes of a refusal that are read: enough for its reason, whatever else it says."""
_PATH = re.compile(r"(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*[A-Za-z0-9_~-][A-Za-z0-9._~-]*")


class ApiAnswer:
    """A status, headers with names in lower case, and all that is read of the body."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytearray, place: RoomTaken) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._place = place

    def json(self) -> Any:
        """Return the body's value; ValueError where it is no JSON, or too much of it."""
        return shape.parsed(self.body)

    def text(self) -> str:
        """Return the body as text, whatever encoding it names."""
        return self.body.decode("utf-8", "replace")

    def keep(self, size: int) -> None:
        """Say how many bytes are kept of it for longer than the block that it was asked in."""
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
        """Make a call and read its answer. An answer of megabytes has its place for the length of the block.

        Args:
            method: Of HTTP.
            path: Under the base URL, of letters, digits, `.`, `_`, `~` and `-`.
            params: The query.
            headers: Beside those of every call.
            content: A JSON body.
            file: A form's body: its one file's name, bytes and MIME type.

        Raises:
            NotSendable: There is no such path, or the base URL or a header is wrong.
            NotSent: Nothing of the call has left.
            Left: There was reason to stop, and the call had left; it names the reason.
            Broken: The call may have arrived, and its answer did not.
            BaseException: The reason to stop, where nothing of the call has left.
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
                # A refusal is one, however badly it is put.
                if isinstance(error, Left) or not refusal:
                    raise
        return ApiAnswer(response.status_code, response.headers, body, place)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size
