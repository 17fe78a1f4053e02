"""Has a server ask `own_site.sites` about each request, before anything else is done with it."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from own_site.sites import Page, refusal


class OwnSite:
    """An ASGI application that answers its own site and programs, and no foreign site.

    Args:
        application: What answers.
        page: What may be asked of it.
        paths: Where that counts; None: everywhere.
    """

    def __init__(self, application: ASGIApp, page: Page, paths: tuple[str, ...] | None = None) -> None:
        self._application = application
        self._page = page
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and (self._paths is None or scope["path"] in self._paths):
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            if refused := refusal(scope["method"], scope["path"], headers, self._page):
                await PlainTextResponse(f"{refused.reason}\n", refused.status)(scope, receive, send)
                return
        await self._application(scope, receive, send)
