"""Reads an HTTP request of the Bot API: query, form, JSON or multipart; files go to disk as they arrive."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from stand.telegram.botapi.params import Params, Upload, too_large
from stand.telegram.errors import bad_request

_TEXT_LIMIT = 20 << 20


async def read_params(request: Request, spool: Callable[[], Path], upload_limit: int) -> Params:
    """Return the call's parameters.

    Raises:
        ApiError: Telegram would refuse the body; no file is left on disk.
    """
    values: dict[str, Any] = dict(request.query_params) if request.url.query else {}
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        reader = _Multipart(content_type, spool, upload_limit)
        await reader.read(request.stream())
        return Params(values | reader.values, reader.uploads)
    body = await request.body()
    if len(body) > _TEXT_LIMIT:
        raise too_large()
    if content_type.startswith("application/json"):
        try:
            decoded = json.loads(body) if body else {}
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            raise bad_request("can't parse request parameters JSON object")
        values |= decoded
    elif body:
        values |= parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return Params(values, {})


class _Multipart:
    """Parses a multipart body; files go to disk and through SHA-256, texts to memory."""

    def __init__(self, content_type: str, spool: Callable[[], Path], upload_limit: int) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise bad_request("can't parse request: there is no multipart boundary")
        self.values: dict[str, str] = {}
        self.uploads: dict[str, Upload] = {}
        self._spool = spool
        self._limit = upload_limit
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )
        self._begin()
        self.too_large = False

    async def read(self, stream: AsyncIterator[bytes]) -> None:
        """Feed the body to the parser.

        An oversized body is read to its end, so that the client receives the response.
        """
        try:
            async for chunk in stream:
                if chunk and not self.too_large:
                    self._parser.write(chunk)
            if not self.too_large:
                self._parser.finalize()
        except BaseException as error:
            self._discard()
            # The parser's errors are ValueErrors; an incomplete body never becomes a call.
            if isinstance(error, ValueError):
                raise bad_request("can't parse multipart request") from None
            raise
        if self.too_large:
            self._discard()
            raise too_large()

    def _discard(self) -> None:
        if self._file:
            self._file.close()
            self._path.unlink(missing_ok=True)
        for upload in self.uploads.values():
            upload.path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._name = self._file_name = ""
        self._text = bytearray()
        self._file: IO[bytes] | None = None
        self._path = Path()
        self._size = 0
        self._hash = hashlib.sha256()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            self._file_name = options[b"filename"].decode("utf-8", "replace")
            self._path = self._spool()
            self._file = self._path.open("wb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        chunk = data[start:end]
        self._size += len(chunk)
        if self._size > self._limit:
            self.too_large = True
        elif self._file:
            self._file.write(chunk)
            self._hash.update(chunk)
        else:
            self._text += chunk

    def _end(self) -> None:
        if not self._file:
            self.values[self._name] = self._text.decode("utf-8", "replace")
            return
        self._file.close()
        self._file = None
        self.uploads[self._name] = Upload(self._path, self._file_name, self._size, self._hash.hexdigest())
