"""`python -m monitoring.exporter`: the metrics for Prometheus, on EXPORTER_PORT; `--once` prints one scrape.

All of them are read from Redis at each scrape. The exporter keeps nothing, so it may be restarted at any time
and run as often as one likes; rules take the `max` over its instances.
"""

import argparse
import signal
import sys
import threading

import structlog
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import start_http_server

from config.logging import configure
from config.settings import Settings, SettingsError, load
from monitoring.collector import Darkroom
from tasks.app import app

log = structlog.get_logger(__name__)


def main() -> int:
    """Serve until SIGTERM or SIGINT; exit code 2 for a setting that is wrong, in one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.exporter", description=__doc__)
    parser.add_argument("--once", action="store_true", help="print one scrape and stop")
    options = parser.parse_args()
    try:
        settings = load()
        configure(settings, "exporter")
        collector = Darkroom(settings, app)
        try:
            registry = CollectorRegistry()
            registry.register(collector)
            if options.once:
                sys.stdout.write(generate_latest(registry).decode())
            else:
                serve(settings, registry)
        finally:
            collector.close()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def serve(settings: Settings, registry: CollectorRegistry) -> None:
    """Answer scrapes until a signal comes; raises SettingsError for an address that cannot be had."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    try:
        server, thread = start_http_server(settings.exporter_port, settings.exporter_bind, registry)
    except OSError as error:
        where = f"{settings.exporter_bind}:{settings.exporter_port}"
        raise SettingsError(f"EXPORTER_PORT: cannot listen on {where} ({error.strerror}).") from error
    log.info("exporting", address="{}:{}".format(*server.server_address[:2]))
    stop.wait()
    server.shutdown()
    server.server_close()
    thread.join()


if __name__ == "__main__":
    sys.exit(main())
