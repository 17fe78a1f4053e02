"""The HTTP server that runs beside the rest of the bot, on the same event loop."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from bot.services import Services
from bot.webhook import health, providers, telegram
from bot.webhook.inbox import Inbox
from config.hosts import is_here
from config.settings import Settings, SettingsError
from config.webhooks import address
from providers.webhooks import verifiers
from serving.own_site import OwnSite
from serving.sites import Page, named

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 1000
GRACE_S = 1
"""At the end, answers under way may take this long."""


def build(services: Services, inbox: Inbox | None) -> Starlette:
    """The application: health always, Telegram with an inbox, the providers where they have our address."""
    routes: list[Route] = health.routes(services, inbox.started if inbox else lambda: True)
    if inbox is not None:
        routes.append(telegram.route(inbox, services.settings.webhook_secret, services.tally))
    if services.settings.provider_webhook_url:
        routes.append(providers.route(services, verifiers(services.settings)))
    return Starlette(routes=routes, middleware=_own_health(services.settings))


def _own_health(settings: Settings) -> list[Middleware]:
    """Health that listens on this machine alone is for it, and for whoever comes by a name of ours."""
    host, _ = address(settings.webhook_bind) or ("", 0)
    if not is_here(host):
        return []
    urls = (settings.webhook_url, settings.provider_webhook_url)
    hosts = named([*settings.page_hosts.split(","), *(urlsplit(url).netloc for url in urls)])
    return [Middleware(OwnSite, page=Page(hosts, entrances=None), paths=("/healthz", "/readyz"))]


def listen(settings: Settings) -> socket.socket:
    """Bind at once, so that a taken port is a clear sentence; raises SettingsError."""
    host, port = address(settings.webhook_bind) or ("", 0)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left at 0 asyncio sets no TCP_NODELAY, and every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"WEBHOOK_BIND: cannot listen on {settings.webhook_bind} ({error.strerror}); choose another."
        ) from error
    listener.listen(2048)
    return listener


class Server(uvicorn.Server):
    """`run_bound` until `stop`; signals are the business of whoever runs it."""

    def __init__(self, application: Starlette, listener: socket.socket) -> None:
        self._listener = listener
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def run_bound(self) -> None:
        """Serve until `stop`, then for as long as answers under way take (at most GRACE_S)."""
        log.info("listening", address="{}:{}".format(*self._listener.getsockname()[:2]))
        await self.serve([self._listener])

    def stop(self) -> None:
        """Take no more connections, and end."""
        self.should_exit = True
