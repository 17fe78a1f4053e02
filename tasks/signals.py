"""Celery's signals: when this process builds its clients, hands its jobs over, and closes."""

from typing import Any

from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from config.logging import configure
from config.settings import load
from tasks import process
from tasks.app import app


@setup_logging.connect(weak=False)
def configure_logging(**_: Any) -> None:
    """Our logging instead of Celery's."""
    configure(load(), "worker")


@celeryd_init.connect(weak=False)
def name(sender: str, **_: Any) -> None:
    """The node's name is known before anything is built."""
    process.name(app, sender)


@worker_ready.connect(weak=False)
@worker_process_init.connect(weak=False)
def build(**_: Any) -> None:
    """Be there before the first job: heartbeat and sweep start with the process."""
    process.current(app)


@worker_shutting_down.connect(weak=False)
def drain(**_: Any) -> None:
    """SIGTERM: hand all jobs over; slots that wait are woken for it."""
    process.drain(app)


@worker_shutdown.connect(weak=False)
@worker_process_shutdown.connect(weak=False)
def close(**_: Any) -> None:
    """The pool has ended; close the clients."""
    process.close(app)
