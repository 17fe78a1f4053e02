"""How many requests are worked on at a time; further ones are told to come again."""

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Places:
    """An ASGI application with at most `most` requests in hand; others are answered 503.

    Requests for the paths `beside` have as many places of their own: health is asked for where all else is
    full.
    """

    def __init__(self, application: ASGIApp, most: int, beside: Collection[str] = ()) -> None:
        self._application = application
        self._most = most
        self._beside = frozenset(beside)
        self._in_hand = {True: 0, False: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
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
