"""`python -m monitoring.exporter`: serve the metrics for Prometheus, on EXPORTER_PORT; `--once`: print them.

All metrics are read from Redis at each scrape. The exporter keeps nothing, so it may be restarted at any
time, and several may run at once; the rules take the `max` over all instances.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import structlog
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest

from config.logs.logging import configure
from config.logs.printable import in_lines
from config.settings import Settings, SettingsError, load, require
from ledger.connection import connect
from ledger.processes.background import Background
from monitoring.collector import Darkroom
from monitoring.configure import chat_of
from monitoring.deadman import Deadman
from monitoring.server import application, bound
from monitoring.sites import page
from serving.server import Server
from tasks.app import app

log = structlog.get_logger(__name__)
_LOOK_S = 5.0


def main() -> int:
    """Serve until SIGTERM or SIGINT. Return 0, or 2 for a wrong setting, which stderr names."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.exporter", description=__doc__)
    parser.add_argument("--once", action="store_true", help="print one scrape and stop")
    options = parser.parse_args()
    try:
        settings = load(receives=False)
        configure(settings, "exporter")
        with closing(Darkroom(settings, app)) as collector:
            registry = CollectorRegistry()
            registry.register(collector)
            if options.once:
                sys.stdout.write(generate_latest(registry).decode())
            else:
                serve(settings, registry)
    except SettingsError as error:
        sys.stderr.write(f"{in_lines(error)}\n")
        return 2
    return 0


def serve(settings: Settings, registry: CollectorRegistry) -> None:
    """Serve scrapes until SIGTERM or SIGINT. Raises SettingsError if the address cannot be listened on."""
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    with watching(settings) as deadman:
        heard = deadman.heard if deadman else lambda: None
        site = page(settings, settings.exporter_bind)
        answers = application(registry, heard, settings.watchdog_secret, site)
        asyncio.run(_until_signal(bound(answers, settings.exporter_bind, settings.exporter_port)))


async def _until_signal(server: Server) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    log.info("exporting", address=server.address)
    await server.run_bound()


@contextmanager
def watching(settings: Settings) -> Iterator[Deadman | None]:
    """In the block, watch Prometheus and Alertmanager, unless WATCHDOG_S is 0."""
    if settings.watchdog_s <= 0:
        yield None
        return
    require(settings, "telegram_token", "watchdog_secret")
    with closing(connect(settings.ledger_redis(), timeout_s=2)) as client:
        deadman = Deadman(settings, client, chat_of(settings))
        with closing(Background("watchdog", min(_LOOK_S, settings.watchdog_s / 3), deadman.round)):
            yield deadman


if __name__ == "__main__":
    sys.exit(main())
