"""Hostile responses: byte by byte, or a few kilobytes that unpack to gigabytes."""

import asyncio
import functools
import gzip
import zlib
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from stand.provider.faults import Fault

UNPACKED = 4 * 1024**3
_BLOCK = 16 * 1024**2


def foul(fault: Fault, body: bytes, status: int, mime: str) -> Response:
    """Return the hostile response that a fault makes of a correct one."""
    if fault.kind == "bomb":
        return Response(bomb(), status, {"Content-Encoding": "gzip, gzip"}, mime)
    headers = {"Content-Length": str(len(body))}
    return StreamingResponse(_dribbled(body, fault.seconds), status, headers, mime)


@functools.cache
def bomb() -> bytes:
    """Return zeros that were compressed twice: some kilobytes, which unpack to 4 GB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush nothing refers to earlier data, so the same block can be repeated.
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = gzip.compress(b"")[:10]
    return gzip.compress(head + block * (UNPACKED // _BLOCK) + packer.flush())


async def _dribbled(body: bytes, pause_s: float) -> AsyncIterator[bytes]:
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(pause_s)
