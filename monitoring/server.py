"""The exporter's HTTP server: GET /metrics for Prometheus, POST /watchdog for Alertmanager, GET /healthz."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from config.settings import SettingsError
from own_site.middleware import OwnSite
from own_site.sites import Page
from serving.configuration import configuration
from serving.listening import listener
from serving.places import Places
from serving.protocol import Patience
from serving.server import Server
from serving.sharing import Shared

WATCHDOG = "/watchdog"
HEALTH = "/healthz"
MOST_WAITING = 100
"""Most connections without a complete request. A further one replaces the one that is silent the longest."""
MOST_OF_ONE_ADDRESS = 50
MOST_IN_HAND = 16
"""Most requests handled at a time. Prometheus and Alertmanager make one each."""


@dataclass(frozen=True, slots=True)
class _Scrape:
    """The metrics of one scrape, in the form of a registry, which the encoders expect."""

    found: tuple[Metric, ...]

    def collect(self) -> tuple[Metric, ...]:
        return self.found


def application(
    registry: CollectorRegistry, heard: Callable[[], None], secret: str, site: Page | None = None
) -> Starlette:
    """Return the exporter's web application.

    Args:
        registry: Collects the metrics.
        heard: Called for each alert that Alertmanager posts.
        secret: The bearer token that Alertmanager must send; with "" all posts are refused.
        site: The host names and sites that requests may come from; without it only those of this machine.
    """
    scrape = Shared(lambda: asyncio.to_thread(lambda: _Scrape(tuple(registry.collect()))))

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        text = await asyncio.to_thread(encode, await scrape())
        return Response(text, headers={"Content-Type": content_type})

    async def watchdog(request: Request) -> Response:
        if not _is_bearer(request.headers.get("authorization", ""), secret):
            return PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": "Bearer"})
        # The content of the post does not matter, and is not read.
        await asyncio.to_thread(heard)
        return Response(status_code=204)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    routes = [
        Route("/", metrics),
        Route("/metrics", metrics),
        Route(WATCHDOG, watchdog, methods=["POST"]),
        Route(HEALTH, healthz),
    ]
    guard = Middleware(OwnSite, page=site or Page(entrances=None))
    return Starlette(routes=routes, middleware=[guard, Middleware(GZipMiddleware)])


def _is_bearer(authorization: str, secret: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    same = hmac.compare_digest(token.strip().encode(), secret.encode())
    return bool(secret) and scheme.lower() == "bearer" and same


def bound(answers: Starlette, host: str, port: int, patience: Patience | None = None) -> Server:
    """Return a server for the application, which listens at once.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    try:
        listening = listener(host, port)
    except OSError as error:
        raise SettingsError(
            f"EXPORTER_PORT: cannot listen on {host}:{port} ({error.strerror}); choose another."
        ) from error
    config = configuration(
        Places(answers, MOST_IN_HAND, beside=[HEALTH]),
        waiting=MOST_WAITING,
        of_one_address=MOST_OF_ONE_ADDRESS,
        patience=patience,
    )
    return Server(config, listening)
