"""Middleware that checks each request with `own_site.sites` before the application gets it."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from own_site.sites import Page, refusal


class OwnSite:
    """An ASGI application that serves its own site and programs, and refuses other sites.

    Args:
        application: The application that gets the requests.
        page: The requests that are allowed.
        paths: The paths that are checked; None for all.
    """

    def __init__(self, application: ASGIApp, page: Page, paths: tuple[str, ...] | None = None) -> None:
        self._application = application
        self._page = page
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on to the application."""
        if scope["type"] == "http" and (self._paths is None or scope["path"] in self._paths):
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            if refused := refusal(scope["method"], scope["path"], headers, self._page):
                await PlainTextResponse(f"{refused.reason}\n", refused.status)(scope, receive, send)
                return
        await self._application(scope, receive, send)
