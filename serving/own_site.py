"""Has a server ask `serving.sites` about each request, before anything else is done with it."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.sites import Page, refusal

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


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


def own_site(application: Wsgi, page: Page) -> Wsgi:
    """Return a WSGI application that answers its own site and programs, and no foreign site."""

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        sent = [
            (name.removeprefix("HTTP_").replace("_", "-"), str(value))
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        ]
        # wsgiref has these two whether they were sent or not.
        headers = [(name, value) for name, value in sent if value or not name.startswith("CONTENT")]
        refused = refusal(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers, page)
        if refused is None:
            return application(environ, start)
        start(f"{refused.status} Refused", [("Content-Type", "text/plain")])
        return [f"{refused.reason}\n".encode()]

    return answer
