"""The stand's HTTP application."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from own_site.middleware import OwnSite
from own_site.sites import Page
from stand.telegram.botapi.dispatch import bot_api, bot_file
from stand.telegram.http.control import ROUTES
from stand.telegram.settings import Settings
from stand.telegram.world import World

PAGE = Path(__file__).parents[1] / "page"


async def _page(request: Request) -> Response:  # noqa: ARG001
    index = PAGE / "index.html"
    return (
        FileResponse(index) if index.exists() else PlainTextResponse("The chat page is not installed.", 404)
    )


def application(settings: Settings, hosts: frozenset[str] = frozenset()) -> Starlette:
    """Return an application with a new world; the world's files are removed when the server stops.

    It only serves programs and its own page, not other sites' pages.

    Args:
        settings: The stand's settings.
        hosts: Its host names beside this machine's own.
    """
    world = World(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        try:
            yield
        finally:
            for bot in world.bots.values():
                if bot.webhook:
                    await bot.webhook.stop()
            world.close()

    app = Starlette(
        routes=[
            Route("/bot{rest:path}", bot_api, methods=["GET", "POST"]),
            Route("/file/bot{rest:path}", bot_file, methods=["GET"]),
            *ROUTES,
            Route("/", _page),
            Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
        ],
        middleware=[Middleware(OwnSite, page=Page(hosts, json=("/control",)))],
        lifespan=lifespan,
    )
    app.state.world = world
    return app
