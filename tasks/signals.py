"""Handlers of Celery's signals, which build this process's clients, hand its jobs over, and close it."""

import sys
from typing import Any

import structlog
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from config.catalogue import load_catalogue
from config.logs import reports
from config.logs.logging import configure
from config.logs.printable import in_lines
from config.settings import SettingsError, load
from media.backends import StoreRefused, check_store, open_store
from tasks import process
from tasks.app import app

log = structlog.get_logger(__name__)


@setup_logging.connect(weak=False)
def configure_logging(**_: Any) -> None:
    """Set up our logging instead of Celery's."""
    configure(load(receives=False), "worker")


@celeryd_init.connect(weak=False)
def name(sender: str, **_: Any) -> None:
    """Note the node's name, which the composition root needs."""
    process.name(app, sender)


@worker_init.connect(weak=False)
def check(**_: Any) -> None:
    """End a worker whose catalogue is wrong or whose media store refuses access. A media store that is away
    may come back, so it is only logged."""
    settings = load(receives=False)
    try:
        load_catalogue(settings)
        check_store(open_store(settings.media_url, settings))
    except (SettingsError, StoreRefused) as error:
        sys.exit(("MEDIA_URL: " if isinstance(error, StoreRefused) else "") + in_lines(error))
    except OSError as error:
        log.warning("the media store does not answer yet", error=str(error))


@worker_ready.connect(weak=False)
@worker_process_init.connect(weak=False)
def build(**_: Any) -> None:
    """Build the composition root before the first job, so that the heartbeat and the sweep start at once."""
    process.current(app)


@worker_shutting_down.connect(weak=False)
def drain(**_: Any) -> None:
    """Hand all jobs over on SIGTERM. Slots that wait are woken for it."""
    process.drain(app)


@worker_shutdown.connect(weak=False)
@worker_process_shutdown.connect(weak=False)
def close(**_: Any) -> None:
    """Close the clients after the pool has ended."""
    process.close(app)
    reports.flush(2.0)
