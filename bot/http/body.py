"""Reading what strangers post: never more than a bound, never for longer than a bound."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

WITHIN_S = 10.0
"""Longest time that a body may take to come in."""


async def read(request: Request, most_bytes: int) -> bytes:
    """The raw body. Raises HTTPException: 413 for more than `most_bytes`, 408 where it comes too slowly."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and len(said) < 20 and int(said) > most_bytes:
        raise HTTPException(413)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(WITHIN_S):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise HTTPException(413)
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        # Nobody is there to hear this.
        raise HTTPException(400) from None
    return b"".join(parts)
