"""The bot's HTTP server, which runs on the same event loop as the rest of the bot."""

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
"""Most connections that have not sent a whole request; one more makes the server hurry the oldest of them."""
MOST_IN_HAND = 1000
"""Most requests that are worked on at a time.

Telegram posts 100 at most, and the providers' webhooks are few. The number is more than the requests of
which only a part may have arrived (twice MOST_WAITING), so that those leave room for whole ones.
"""


def build(services: Services, inbox: Inbox | None) -> Starlette:
    """Return the application with its routes.

    Health checks are always there, Telegram's route if there is an inbox, and the providers' route if the
    settings give providers an address to post to.
    """
    routes: list[Route] = health.routes(services, inbox.started if inbox else lambda: True)
    if inbox is not None:
        routes.append(telegram.route(inbox, services.settings.webhook_secrets, services.metrics))
    if services.settings.provider_webhook_url:
        routes.append(provider_webhooks.route(services, verifiers(services.settings)))
    return Starlette(routes=routes, middleware=_own_health(services.settings))


def _own_health(settings: Settings) -> list[Middleware]:
    """Return the check of who may ask for health; none unless the server listens on loopback only.

    The check lets requests through that come by a name of this machine or by a host of the settings.
    """
    host, _ = address(settings.webhook_bind) or ("", 0)
    if not is_here(host):
        return []
    urls = (settings.webhook_url, settings.provider_webhook_url)
    hosts = named([*settings.page_hosts.split(","), *(urlsplit(url).netloc for url in urls)])
    return [Middleware(OwnSite, page=Page(hosts, entrances=None), paths=("/healthz", "/readyz"))]


def bound(application: Starlette, settings: Settings) -> Server:
    """Return a server for the application that listens already.

    Raises:
        SettingsError: The address in WEBHOOK_BIND cannot be bound.
    """
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
    """Serve until the server is stopped."""
    log.info("listening", address=server.address)
    await server.run_bound()
