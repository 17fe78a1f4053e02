"""Reading of request bodies that strangers post, bounded in size and in time."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

WITHIN_S = 10.0
"""Longest time (s) in which a body must arrive."""


async def read(request: Request, most_bytes: int) -> bytes:
    """Return the raw body.

    Raises:
        HTTPException: 413 for a body of more than `most_bytes`, 408 for one that arrives too slowly, 400 for
            a client that has gone.
    """
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
        # The client will not see this response.
        raise HTTPException(400) from None
    return b"".join(parts)
