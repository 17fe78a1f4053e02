"""The output files: unguessable URLs that expire, like those of replicate.delivery."""

import asyncio
import collections
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from stand.provider.faults import FOUL, Fault, Faults
from stand.provider.http.connections import HangUp
from stand.provider.http.foul import foul
from stand.provider.rendering import Media
from stand.provider.settings import Settings

CHUNK = 64 * 1024
HUGE = 4 * 1024**3


@dataclasses.dataclass
class Output:
    """The file at one URL: `made_at` starts its time to live; `fault` spoils its downloads."""

    media: Media
    name: str
    prediction: str
    prompt: str
    made_at: float
    fault: Fault | None


class Outputs:
    """The outputs that can be downloaded, and the record of every download."""

    def __init__(self, base_url: str, settings: Settings, faults: Faults) -> None:
        self._base_url = base_url
        self._settings = settings
        self._faults = faults
        self._outputs: collections.OrderedDict[str, Output] = collections.OrderedDict()
        self.downloads: collections.deque[dict[str, Any]] = collections.deque(maxlen=10_000)

    def publish(self, media: Media, *, prediction: str, prompt: str, fault: Fault | None) -> str:
        """Return a new URL for a file."""
        self._drop_expired()
        token = secrets.token_urlsafe(24)
        name = f"out-0{media.path.suffix}"
        self._outputs[token] = Output(media, name, prediction, prompt, time.time(), fault)
        return f"{self._base_url}/outputs/{token}/{name}"

    def read(self, url: str) -> bytes | None:
        """Return the content at one of this stand's output URLs; None for another URL or an expired one."""
        token, _, name = url.removeprefix(f"{self._base_url}/outputs/").partition("/")
        output = self._live(token, name)
        return output.media.path.read_bytes() if output is not None else None

    def _live(self, token: str, name: str) -> Output | None:
        output = self._outputs.get(token)
        if output is None or output.name != name or time.time() > output.made_at + self._settings.ttl_s:
            return None
        return output

    def _drop_expired(self) -> None:
        while self._outputs:
            token, oldest = next(iter(self._outputs.items()))
            if time.time() <= oldest.made_at + self._settings.ttl_s:
                return
            del self._outputs[token]

    async def download(self, request: Request) -> Response:
        """`GET /outputs/{token}/{name}`: the file, without authentication."""
        output = self._live(request.path_params["token"], request.path_params["name"])
        response = await self._answer(output)
        self.downloads.append(
            {
                "url": str(request.url),
                "prediction": output.prediction if output else None,
                "authorization": "authorization" in request.headers,
                "status": response.status_code,
                "at": time.time(),
            }
        )
        return response

    async def _answer(self, output: Output | None) -> Response:
        if output is None:
            return PlainTextResponse("Not found", status_code=404)
        fault = output.fault or self._faults.take("output", output.prompt)
        if fault is None:
            return FileResponse(output.media.path, media_type=output.media.mime)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return FileResponse(output.media.path, media_type=output.media.mime)
        if fault.kind in ("reset", "drop_answer"):
            return HangUp(reset=fault.kind == "reset")
        if fault.kind in ("403", "404", "429", "500", "502"):
            headers = {"Retry-After": str(round(fault.retry_after))} if fault.kind == "429" else None
            return PlainTextResponse("Trouble", status_code=int(fault.kind), headers=headers)
        return _spoilt(output, fault)


def _spoilt(output: Output, fault: Fault) -> Response:
    if fault.kind == "wrong_type":
        return Response(b"<html><body>Sign in to continue</body></html>", media_type=output.media.mime)
    if fault.kind == "empty":
        return Response(b"", media_type=output.media.mime)
    if fault.kind == "huge_output":
        headers = {"Content-Length": str(HUGE)}
        return StreamingResponse(_zeros(HUGE), media_type=output.media.mime, headers=headers)
    whole = output.media.path.read_bytes()
    if fault.kind in FOUL:
        return foul(fault, whole, 200, output.media.mime)
    if fault.kind == "brand":
        # The first box of an MP4 file: its size, "ftyp", the brand.
        return Response(whole[:8] + fault.brand.encode() + whole[12:], media_type=output.media.mime)
    return HangUp(body=whole[: len(whole) // 2], promised=len(whole), mime=output.media.mime)


async def _zeros(length: int) -> AsyncIterator[bytes]:
    for _ in range(length // CHUNK):
        yield bytes(CHUNK)
        # Once the reader is gone nothing else in this loop awaits, and the cancellation would never arrive.
        await asyncio.sleep(0)
