"""The image that a prediction starts from: a data: URL, a file of this stand, or a URL on this machine."""

import base64
import binascii
import ipaddress
from urllib.parse import unquote_to_bytes, urlsplit

import httpx

from stand.provider.http.files import Files
from stand.provider.outputs import Outputs

LARGEST = 20 * 1024 * 1024
TIMEOUT_S = 10.0


class Inputs:
    """Reads input images, never from other machines."""

    def __init__(self, files: Files, outputs: Outputs) -> None:
        self._files = files
        self._outputs = outputs

    async def read(self, url: str) -> bytes:
        """Return the content at the URL.

        Raises:
            ValueError: There is nothing, it is too large, or it is not on this machine.
        """
        if url.startswith("data:"):
            return _data(url)
        own = self._files.read(url) or self._outputs.read(url)
        return own if own is not None else await _fetched(url)


def _data(url: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise ValueError("the data: URL has no data")
    try:
        return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except binascii.Error as error:
        raise ValueError(f"the data: URL is not base64: {error}") from error


async def _fetched(url: str) -> bytes:
    host = urlsplit(url).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(f"this stand reads input files from this machine only, not from {host!r}")
    read = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                read += chunk
                if len(read) > LARGEST:
                    raise ValueError(f"the input file is larger than {LARGEST} bytes")
    except httpx.HTTPError as error:
        raise ValueError(f"the input file cannot be read: {error}") from error
    return bytes(read)
