"""The HTTP server that runs beside the rest of the bot, on the same event loop."""

from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from bot.http import health, provider_webhooks, telegram
from bot.inbound.inbox import Inbox
from bot.services import Services
from config.settings import Settings, SettingsError
from config.webhooks import address
from own_site.hosts import is_here
from own_site.middleware import OwnSite
from own_site.sites import Page, named
from providers.webhooks import verifiers
from serving.configuration import configuration
from serving.listening import listener
from serving.places import Places
from serving.server import Server

log = structlog.get_logger(__name__)

MOST_WAITING = 400
"""Connections that have not brought a whole request; the longest silent one goes for a further one."""
MOST_IN_HAND = 1000
"""Requests that are worked on at a time: Telegram posts 100 at most, and the providers' webhooks are few.

More than those of which a part may have come (twice MOST_WAITING): they leave room for whole ones.
"""


def build(services: Services, inbox: Inbox | None) -> Starlette:
    """The application: health always, Telegram with an inbox, the providers where they have our address."""
    routes: list[Route] = health.routes(services, inbox.started if inbox else lambda: True)
    if inbox is not None:
        routes.append(telegram.route(inbox, services.settings.webhook_secrets, services.metrics))
    if services.settings.provider_webhook_url:
        routes.append(provider_webhooks.route(services, verifiers(services.settings)))
    return Starlette(routes=routes, middleware=_own_health(services.settings))


def _own_health(settings: Settings) -> list[Middleware]:
    """Health that listens on this machine alone is for it, and for whoever comes by a name of ours."""
    host, _ = address(settings.webhook_bind) or ("", 0)
    if not is_here(host):
        return []
    urls = (settings.webhook_url, settings.provider_webhook_url)
    hosts = named([*settings.page_hosts.split(","), *(urlsplit(url).netloc for url in urls)])
    return [Middleware(OwnSite, page=Page(hosts, entrances=None), paths=("/healthz", "/readyz"))]


def bound(application: Starlette, settings: Settings) -> Server:
    """A server for it that listens at once; raises SettingsError for an address that cannot be had."""
    host, port = address(settings.webhook_bind) or ("", 0)
    try:
        listening = listener(host, port)
    except OSError as error:
        raise SettingsError(
            f"WEBHOOK_BIND: cannot listen on {settings.webhook_bind} ({error.strerror}); choose another."
        ) from error
    config = configuration(
        Places(application, MOST_IN_HAND, beside=health.PATHS),
        waiting=MOST_WAITING,
        of_one_address=settings.webhook_address_connections,
    )
    return Server(config, listening)


async def run(server: Server) -> None:
    """Serve until it is stopped."""
    log.info("listening", address=server.address)
    await server.run_bound()
