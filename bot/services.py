"""The composition root of the bot's process: everything that handlers use, made once and closed once."""

import asyncio
import contextvars
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bot.reply_sender import ReplySender
from bot.requests.lane_eta import LaneEta
from chat import keyboards
from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from config.catalogue import Catalogue, load_catalogue
from config.media import S3Bucket, location
from config.settings import Settings, SettingsError
from jobs.limits import Rate, parse_rate, user_rates
from jobs.prompt_filter import PromptFilter
from ledger.admin.broadcasts import Broadcasts
from ledger.admin.controls import Controls
from ledger.admin.statistics import Statistics
from ledger.admin.vips import Vips
from ledger.admission import Admission
from ledger.cache import CacheLookup
from ledger.connection import connect, connect_async
from ledger.jobs import Ledger
from ledger.limits.attention import Attention
from ledger.limits.budgets import Budgets
from ledger.people import People
from ledger.pipeline import SharedPipeline
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.workers import Workers
from ledger.questions import Questions
from ledger.queue_position import QueuePositions
from ledger.queues.deduplication import Deduplication, Presses
from ledger.queues.durable_queue import DurableQueue
from ledger.queues.reply_queue import replies
from ledger.queues.update_queue import updates
from ledger.trail import Trails
from ledger.users import Preferences, Users
from tasks.app import app
from tasks.publish import Publisher

if TYPE_CHECKING:
    from media.links import Links

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_S = 10.0
"""A call to Telegram waits so long for its turn. Whoever asks faster than Telegram lets us answer gets no
more answers than that, and does not hold up the updates of others."""
THREADS = 16
"""Calls to the ledger and the broker that run at a time; others wait for a thread."""
ANSWER_S = 5.0
"""Longest wait for one answer of the ledger on an update's way in."""
CACHE_ANSWER_S = 1.0
"""Longest wait for the cache there: without it the result is made anew."""


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with. What speaks to Redis, the broker or the media store is called through `off`
    only, except for what most updates need: `admission`, `cache`, `preferences`, `questions`, `presses`,
    `attention`, `update_queue` and `speaker` are asynchronous and wait for no thread.
    `links`: None where the media store gives none."""

    settings: Settings
    catalogue: Catalogue
    admission: Admission
    cache: CacheLookup
    preferences: Preferences
    questions: Questions
    presses: Presses
    ledger: Ledger
    trails: Trails
    users: Users
    people: People
    vips: Vips
    controls: Controls
    broadcasts: Broadcasts
    budgets: Budgets
    statistics: Statistics
    attention: Attention
    prompt_filter: PromptFilter
    waiting: QueuePositions
    gateway: Gateway
    publisher: Publisher
    deduplication: Deduplication
    metrics: MetricsBuffer
    workers: Workers
    links: "Links | None"
    update_queue: DurableQueue
    reply_sender: ReplySender
    lane_eta: LaneEta
    executor: ThreadPoolExecutor

    async def off(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking function off the event loop, with the caller's log context."""
        run = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self.executor, run)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Make the services; connections are opened at first use, so nothing has to be up yet.

    Raises SettingsError for a catalogue or a prompt filter that cannot be used.
    """
    catalogue = load_catalogue(settings)
    _check_names(catalogue)
    prompt_filter = PromptFilter(settings.prompt_filter_file)
    rates = user_rates(app.conf.task_annotations["generate"])
    client = connect(settings.ledger_redis())
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="ledger")
    ledger_client = connect_async(settings.ledger_redis(), ANSWER_S)
    cache_async = connect_async(settings.cache_redis(), CACHE_ANSWER_S)
    pipeline = SharedPipeline(ledger_client, settings.redis_wait_replicas)
    cache_pipeline = SharedPipeline(cache_async)
    ledger, workers, metrics = Ledger(client, settings), Workers(client), MetricsBuffer()
    try:
        limiter = SharedLimiter(settings, PATIENCE_S, metrics)
        async with Gateway(settings, limiter, patient=False) as gateway:
            waiting = QueuePositions(client, workers)
            reply_sender = ReplySender(
                replies(pipeline, settings), gateway, metrics, settings.telegram_rate_per_s
            )
            yield Services(
                settings=settings,
                catalogue=catalogue,
                admission=Admission(pipeline, settings, rates),
                cache=CacheLookup(cache_pipeline, settings.bot_id),
                preferences=Preferences(pipeline),
                questions=Questions(pipeline),
                presses=Presses(pipeline),
                ledger=ledger,
                trails=Trails(client),
                users=Users(client, ledger),
                people=People(client),
                vips=Vips(client),
                controls=Controls(client),
                broadcasts=Broadcasts(client, settings),
                budgets=Budgets(client, settings),
                statistics=Statistics(client, rates),
                attention=Attention(pipeline, _rate(settings.refused_rate_limit)),
                prompt_filter=prompt_filter,
                waiting=waiting,
                gateway=gateway,
                publisher=Publisher(app),
                deduplication=Deduplication(client),
                metrics=metrics,
                workers=workers,
                links=_links(settings),
                update_queue=updates(pipeline),
                reply_sender=reply_sender,
                lane_eta=LaneEta(waiting, executor),
                executor=executor,
            )
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for shared in (pipeline, cache_pipeline):
            await shared.close()
        await cache_async.aclose()
        await ledger_client.aclose()
        client.close()


def _rate(setting: str) -> Rate | None:
    return parse_rate(setting) if setting else None


def _links(settings: Settings) -> "Links | None":
    if not isinstance(location(settings.media_url), S3Bucket):
        return None
    from media.links import Links  # noqa: PLC0415 - a bot that gives no links need not load the store's library

    return Links(settings)


def _check_names(catalogue: Catalogue) -> None:
    for model in catalogue.models.values():
        try:
            keyboards.pack(keyboards.Action.CHOOSE, f"model:{model.kind}={model.name}")
        except ValueError as error:
            raise SettingsError(
                f"MODELS_FILE: the name of model {model.name} is too long for a button; shorten it."
            ) from error
