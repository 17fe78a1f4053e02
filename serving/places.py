"""A limit on concurrent requests; clients of further ones are told to retry."""

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Places:
    """An ASGI application with at most `most` requests in progress; further ones get a 503.

    Requests for the paths in `beside` have a limit of their own, of the same size: health checks must work
    when all other places are taken.
    """

    def __init__(self, application: ASGIApp, most: int, beside: Collection[str] = ()) -> None:
        self._application = application
        self._most = most
        self._beside = frozenset(beside)
        self._in_hand = {True: 0, False: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the application, or respond with 503."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        beside = scope["path"] in self._beside
        if self._in_hand[beside] >= self._most:
            full = PlainTextResponse("Service Unavailable", 503, {"Connection": "close", "Retry-After": "1"})
            await full(scope, receive, send)
            return
        self._in_hand[beside] += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._in_hand[beside] -= 1
