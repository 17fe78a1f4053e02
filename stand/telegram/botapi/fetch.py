"""Sending by URL.

The stand only connects to loopback; any other URL fails like an unreachable one.
"""

import hashlib
import ipaddress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from stand.telegram.botapi.params import Upload
from stand.telegram.errors import ApiError, bad_request
from stand.telegram.world import World

_SECONDS = 20.0


def on_loopback(url: str) -> bool:
    """Return whether the URL's host is this machine, by name or address."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def fetch(world: World, url: str, photo: bool) -> Upload:
    """Download the file (at most 5 MB for a photo, 20 MB for others) to disk."""
    failed = bad_request("failed to get HTTP URL content")
    if not on_loopback(url):
        raise failed
    limit = world.settings.photo_by_url_bytes if photo else world.settings.file_by_url_bytes
    path = world.files.incoming()
    try:
        async with (
            httpx.AsyncClient(timeout=_SECONDS, trust_env=False, verify=False) as client,  # noqa: S501 - loopback
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != 200:
                raise failed
            return await _receive(answer, path, limit, Path(unquote(urlsplit(url).path)).name)
    except (httpx.HTTPError, httpx.InvalidURL):
        path.unlink(missing_ok=True)
        raise failed from None
    except ApiError:
        path.unlink(missing_ok=True)
        raise


async def _receive(answer: httpx.Response, path: Path, limit: int, name: str) -> Upload:
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as file:
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > limit:
                raise bad_request("failed to get HTTP URL content")
            file.write(chunk)
            digest.update(chunk)
    return Upload(path, name, size, digest.hexdigest())
