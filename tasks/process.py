"""The composition root of a worker process: every group of clients is opened here, once, and closed here."""

import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing

from celery import Celery

from config.catalogue import load_catalogue
from config.settings import Settings, load
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.workers import Sign, new_owner
from tasks import broker
from tasks.delivery.tools import open_delivery
from tasks.files import open_files
from tasks.generation.accounts import open_accounts
from tasks.generation.tools import generation_tools
from tasks.handover import Handover
from tasks.loops import Loops
from tasks.publish import Publisher
from tasks.records import open_records
from tasks.slots import Slots
from tasks.traces import Traces

_SPARE = 64
"""Connections to Redis beyond one for each slot: for the rounds, the heartbeat and reads for the chat."""


class Process:
    """The clients and tools that all tasks of one process share."""

    def __init__(
        self, settings: Settings, app: Celery, lanes: Sequence[str], capacity: int, name: str = "worker"
    ) -> None:
        tally = MetricsBuffer()
        broker.refusals.count_into(tally)
        self.settings = settings
        self.catalogue = load_catalogue(settings)
        self.publisher = Publisher(app)
        with ExitStack() as opened:
            self.records = opened.enter_context(closing(open_records(settings, capacity + _SPARE)))
            client, ledger = self.records.client, self.records.ledger
            self.files = opened.enter_context(closing(open_files(settings)))
            delivery = open_delivery(settings, self.catalogue, self.records, self.files, tally)
            self.delivery = opened.enter_context(closing(delivery))
            self.slots = Slots(ledger, new_owner())
            self.handover = Handover(ledger, self.publisher)
            progress = self.delivery.progress
            self.accounts = opened.enter_context(closing(open_accounts(settings, client, capacity)))
            self.generation = generation_tools(
                settings,
                self.catalogue,
                self.records,
                self.files,
                self.accounts,
                progress=progress,
                handover=self.handover,
                slots=self.slots,
                tally=tally,
            )
            self.traces: Traces | None = None
            if settings.otel_exporter_otlp_endpoint:
                traces = Traces(settings, client, ledger, self.slots.owner)
                self.traces = opened.enter_context(closing(traces))
            sign = Sign(self.slots.owner, name, lanes, capacity)
            loops = Loops(settings, self.records, self.publisher, progress, self.slots, sign, tally)
            opened.enter_context(closing(loops))
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close everything in the reverse order."""
        self._opened.close()


_building = threading.Lock()


def current(app: Celery) -> Process:
    """Return this process's composition root. Build it at the first call.

    The app keeps it by process id, so that each child of a forking pool builds its own.
    """
    processes: dict[int, Process] = app.__dict__.setdefault("darkroom_processes", {})
    with _building:
        if os.getpid() not in processes:
            lanes = list(app.amqp.queues.consume_from)
            name = app.__dict__.get("darkroom_name", "worker")
            settings = load(receives=False)
            processes[os.getpid()] = Process(settings, app, lanes, app.conf.worker_concurrency, name)
    return processes[os.getpid()]


def name(app: Celery, node: str) -> None:
    """Name this process after its Celery node, without the host: `image@host` becomes `image`."""
    app.__dict__["darkroom_name"] = node.partition("@")[0]


def drain(app: Celery) -> None:
    """Have this process hand all its jobs over, if it was built. Safe in a signal handler."""
    process = app.__dict__.get("darkroom_processes", {}).get(os.getpid())
    if process is not None:
        process.slots.drain()


def close(app: Celery) -> None:
    """Close this process's composition root, if it was built."""
    process = app.__dict__.get("darkroom_processes", {}).pop(os.getpid(), None)
    if process is not None:
        process.close()
