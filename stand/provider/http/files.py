"""Replicate's files API: uploads to use as inputs."""

import base64
import collections
import dataclasses
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request

from stand.provider.http.errors import Problem, bad_request, not_found
from stand.provider.predictions import new_id, stamp

LARGEST = 100 * 1024 * 1024
TTL_S = 24 * 3600.0
BOUND = 1_000


@dataclasses.dataclass(eq=False)
class File:
    """An uploaded file."""

    id: str
    account: str
    name: str
    content_type: str
    size: int
    sha256: str
    metadata: dict[str, Any]
    created_at: float
    path: Path

    def json(self, base_url: str) -> dict[str, Any]:
        """Return the body of `GET /v1/files/{id}`."""
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": self.size,
            "etag": self.sha256[:32],
            "checksums": {"sha256": self.sha256},
            "metadata": self.metadata,
            "created_at": stamp(self.created_at),
            "expires_at": stamp(self.created_at + TTL_S),
            "urls": {"get": f"{base_url}/v1/files/{self.id}"},
        }


class Files:
    """The uploads of all accounts. A file lives for a day; beyond 1000 files the oldest is deleted."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder = folder
        self._base_url = base_url
        self._secret = secrets.token_bytes(32)
        self._files: collections.OrderedDict[str, File] = collections.OrderedDict()

    def __iter__(self) -> Iterator[File]:
        """Iterate over the files of all accounts, oldest first."""
        return iter(list(self._files.values()))

    async def create(self, request: Request, account: str) -> dict[str, Any]:
        """Store the multipart field `content`.

        Raises:
            Problem: 400 without content or with metadata that is no JSON object, 413 above 100 MB.
        """
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise bad_request("Upload the file as multipart/form-data in the field 'content'")
        async with request.form(max_part_size=LARGEST) as form:
            content = form.get("content")
            if not isinstance(content, UploadFile):
                raise bad_request("Missing file content: send it in the field 'content'")
            data = await content.read()
            name = str(form.get("filename") or content.filename or "file")
            given_type = str(form.get("type") or content.content_type or "application/octet-stream")
            metadata = await _metadata(form.get("metadata"))
        if len(data) > LARGEST:
            raise Problem(413, "Content Too Large", "Files must be less than 100MB in size")
        file_id = new_id()
        path = self._folder / f"upload-{file_id}"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        file = File(file_id, account, name, given_type, len(data), digest, metadata, time.time(), path)
        self._files[file.id] = file
        while len(self._files) > BOUND:
            self._forget(next(iter(self._files)))
        return file.json(self._base_url)

    def get(self, file_id: str, account: str | None = None) -> File:
        """Return the file, if given only of that account.

        Raises:
            Problem: 404, there is no such file.
        """
        file = self._files.get(file_id)
        if file is None or account not in (None, file.account) or time.time() > file.created_at + TTL_S:
            raise not_found("File not found")
        return file

    def listed(self, account: str) -> list[File]:
        """Return the account's files, newest first."""
        return [file for file in reversed(self._files.values()) if file.account == account]

    def delete(self, file_id: str, account: str) -> None:
        """Delete the file.

        Raises:
            Problem: 404, there is no such file.
        """
        self._forget(self.get(file_id, account).id)

    def read(self, url: str) -> bytes | None:
        """Return the content at one of this stand's file URLs; None for another URL.

        Raises:
            Problem: 404, the file is gone.
        """
        prefix = f"{self._base_url}/v1/files/"
        if not url.startswith(prefix):
            return None
        file_id = url.removeprefix(prefix).partition("?")[0].removesuffix("/download")
        return self.get(file_id).path.read_bytes()

    def signed_url(self, file: File, owner: str) -> str:
        """Return the download URL, valid until the file expires."""
        expiry = int(file.created_at + TTL_S)
        query = {"owner": owner, "expiry": expiry, "signature": self._sign(owner, file.id, expiry)}
        return f"{self._base_url}/v1/files/{file.id}/download?{urlencode(query)}"

    def download(self, request: Request) -> File:
        """Return the file of a signed download URL.

        Raises:
            Problem: 404, the signature is wrong or expired, or the file is gone.
        """
        query = request.query_params
        file_id, owner, expiry = request.path_params["id"], query.get("owner", ""), query.get("expiry", "")
        if not expiry.isdigit() or int(expiry) < time.time():
            raise not_found("File not found")
        expected = self._sign(owner, file_id, int(expiry))
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
            raise not_found("File not found")
        return self.get(file_id)

    def _sign(self, owner: str, file_id: str, expiry: int) -> str:
        text = f"{owner} {file_id} {expiry}".encode()
        return base64.b64encode(hmac.new(self._secret, text, hashlib.sha256).digest()).decode()

    def _forget(self, file_id: str) -> None:
        self._files.pop(file_id).path.unlink(missing_ok=True)


async def _metadata(given: UploadFile | str | None) -> dict[str, Any]:
    text = await given.read() if isinstance(given, UploadFile) else given
    try:
        metadata = json.loads(text or "{}")
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        raise bad_request("The field 'metadata' must be a JSON object")
    return metadata
