"""The composition root of a worker process: every client is built here, once, and closed here."""

import os
import threading
from collections.abc import Sequence
from functools import partial

from celery import Celery

from chat.calls import MEDIA_BOUND_S
from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from config.catalogue import load_catalogue
from config.settings import Settings, load
from jobs.model import Lane
from ledger.admin.broadcasts import Broadcasts
from ledger.artifacts import artifacts_in_use
from ledger.cache import Cache
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.limits.provider_quota import Allowance
from ledger.people import People
from ledger.processes.background import Background
from ledger.processes.leader import alone
from ledger.processes.metrics_buffer import Tally
from ledger.processes.workers import Sign, Workers, new_owner
from ledger.queue_position import Waiting
from media.download import Downloader
from media.links import Links
from media.retention import LAPSES_S, PERIOD_S, Retention
from media.store import MediaStore
from providers.base import Provider
from providers.replicate import Replicate
from tasks import broker
from tasks.delivery.gateway_thread import Chat
from tasks.delivery.progress import Progress
from tasks.generation.calls import Calls
from tasks.generation.terms import Terms
from tasks.handover import Handover, revive_broadcast
from tasks.heartbeat import Heartbeat
from tasks.publish import Publisher
from tasks.slots import Slots
from tasks.sweep import Sweep, excusing
from tasks.traces import Traces

_CHAT_CALL_S = MEDIA_BOUND_S + 20
_SPARE = 64
"""Connections to Redis beside one for each slot: for the rounds, the heartbeat, the chat's own looks."""
_PATIENCE_S = 3.0
"""A delivery holds a slot while its chat must wait; beyond this it gives way to other chats' deliveries."""


class Process:
    """All that the tasks of one process share."""

    def __init__(
        self, settings: Settings, app: Celery, lanes: Sequence[str], capacity: int, name: str = "worker"
    ) -> None:
        self.settings = settings
        self.tally = Tally()
        broker.refusals.count_into(self.tally)
        self.catalogue = load_catalogue(settings)
        room = capacity + _SPARE
        self._redis = connect(settings.ledger_redis(), connections=room)
        self.ledger = Ledger(self._redis, settings)
        self._cache_redis = connect(settings.cache_redis(), connections=room)
        self.cache = Cache(self._cache_redis, settings.cache_ttl_s, settings.bot_id)
        self.waiting = Waiting(self._redis, Workers(self._redis))
        self.people = People(self._redis)
        self.broadcasts = Broadcasts(self._redis, settings)
        self.publisher = Publisher(app)
        self.media = MediaStore(settings)
        self.links = Links(settings)
        self.downloader = Downloader(settings.provider_timeout_s, largest=settings.media_max_bytes)
        self.chat = Chat(
            lambda: Gateway(settings, SharedLimiter(settings, _PATIENCE_S, self.tally)), _CHAT_CALL_S
        )
        self.progress = Progress(self.ledger, self.waiting, self.catalogue, self.links, self.chat)
        self.handover = Handover(self.ledger, self.publisher)
        self.slots = Slots(self.ledger, new_owner())
        wanted = settings.otel_exporter_otlp_endpoint
        self.traces = Traces(settings, self._redis, self.ledger, self.slots.owner) if wanted else None
        self._providers: dict[str, Provider] = {
            "replicate": Replicate(
                settings.replicate_api_url,
                settings.replicate_api_token,
                settings.replicate_webhook_secret,
                settings.provider_timeout_s,
                capacity,
            )
        }
        self.terms = Terms(self.catalogue, self._providers, self.tally)
        creates, others = settings.replicate_creates_per_min, settings.replicate_calls_per_min
        self.calls = Calls(
            {"replicate": Allowance(self._redis, "replicate", "creates", creates)},
            {"replicate": Allowance(self._redis, "replicate", "others", others)},
        )
        sign = Sign(self.slots.owner, name, lanes, capacity)
        self._heartbeat = Heartbeat(settings, self._redis, self.ledger, self.slots, sign, self.tally)
        sweep = Sweep(settings, self.ledger, self.waiting, self.publisher)
        # A round takes far less than a beat; who dies in one keeps the others out for so long.
        lapses_s = settings.heartbeat_s
        reviving = partial(revive_broadcast, self.broadcasts, self.publisher)
        self._rounds = [
            Background(name, settings.sweep_s, alone(self._redis, name, lapses_s, work))
            for name, work in (("places", self.progress.round), ("broadcast", reviving))
        ]
        retention = Retention(settings, lambda: artifacts_in_use(self._redis))
        keeping = alone(self._redis, "retention", LAPSES_S, retention.round)
        self._rounds.append(Background("retention", PERIOD_S, keeping))
        sweeping = alone(self._redis, "sweep", lapses_s, sweep.round)
        self._rounds.append(Background("sweep", settings.sweep_s, excusing(self.ledger, sweeping)))

    def close(self) -> None:
        """Close everything in the reverse order."""
        for background in self._rounds:
            background.close()
        self._heartbeat.close()
        if self.traces:
            self.traces.close()
        self.chat.close()
        self.downloader.close()
        for provider in self._providers.values():
            provider.close()
        self._cache_redis.close()
        self._redis.close()


_building = threading.Lock()


def current(app: Celery) -> Process:
    """The process's own composition root, built at the first call.

    It hangs on the app, by process id: a pool that forks gets one in each child.
    """
    processes: dict[int, Process] = app.__dict__.setdefault("darkroom_processes", {})
    with _building:
        if os.getpid() not in processes:
            lanes = list(app.amqp.queues.consume_from) or list(Lane)
            name = app.__dict__.get("darkroom_name", "worker")
            settings = load(receives=False)
            processes[os.getpid()] = Process(settings, app, lanes, app.conf.worker_concurrency, name)
    return processes[os.getpid()]


def name(app: Celery, node: str) -> None:
    """What this process is, from its Celery node's name: `image@host` is an `image`."""
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
