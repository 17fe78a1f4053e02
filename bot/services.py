"""The composition root of the bot's process: everything that handlers use, created and closed once."""

import asyncio
import contextvars
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from bot.groups.admin import Admin, admin
from bot.groups.jobs import Jobs, jobs
from bot.groups.users import Users, users
from bot.reply_sender import ReplySender
from chat import keyboards
from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from config.catalogue import Catalogue, load_catalogue
from config.media import S3Bucket, location
from config.settings import Settings, SettingsError
from jobs.limits import user_rates
from jobs.prompt_filter import PromptFilter
from ledger.connections import opened
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.queues.durable_queue import DurableQueue
from ledger.queues.reply_queue import replies
from ledger.queues.update_queue import updates
from tasks.app import app

if TYPE_CHECKING:
    from media.links import Links

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_S = 10.0
"""Longest wait (s) of a call to Telegram for its rate limit.

A person who writes faster than Telegram lets the bot reply thus does not hold up the updates of others.
"""
THREADS = 16
"""Blocking calls to the ledger and the broker that run at a time; others wait for a thread."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that handlers use, in groups.

    Handlers call everything that blocks through `off`; each group says what blocks.

    `links` is None where the media store gives no links.
    """

    settings: Settings
    catalogue: Catalogue
    prompt_filter: PromptFilter
    jobs: Jobs
    users: Users
    admin: Admin
    gateway: Gateway
    reply_sender: ReplySender
    update_queue: DurableQueue
    links: "Links | None"
    metrics: MetricsBuffer
    executor: ThreadPoolExecutor

    async def off(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a blocking function in a thread, with the caller's log context, and return its result."""
        run = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self.executor, run)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the services, and close them at the end of the block.

    Connections are opened at first use, so Redis and Telegram need not be up yet.

    Raises:
        SettingsError: The catalogue or the prompt filter cannot be used.
    """
    catalogue = load_catalogue(settings)
    _check_names(catalogue)
    prompt_filter = PromptFilter(settings.prompt_filter_file)
    rates = user_rates(app.conf.task_annotations["generate"])
    metrics = MetricsBuffer()
    async with opened(settings) as redis:
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="ledger")
        limiter = SharedLimiter(settings, PATIENCE_S, metrics)
        try:
            async with Gateway(settings, limiter, patient=False) as gateway:
                of_jobs = jobs(settings, redis, rates, executor)
                rate_per_s = settings.telegram_rate_per_s
                yield Services(
                    settings=settings,
                    catalogue=catalogue,
                    prompt_filter=prompt_filter,
                    jobs=of_jobs,
                    users=users(settings, redis, of_jobs.ledger),
                    admin=admin(settings, redis, rates),
                    gateway=gateway,
                    reply_sender=ReplySender(replies(redis.pipeline, settings), gateway, metrics, rate_per_s),
                    update_queue=updates(redis.pipeline),
                    links=_links(settings),
                    metrics=metrics,
                    executor=executor,
                )
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


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
