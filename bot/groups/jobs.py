"""The services for jobs: to admit, publish, find and cancel them, and to tell their queue positions."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.requests.lane_eta import LaneEta
from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Tier
from ledger.admission import Admission
from ledger.cache import CacheLookup
from ledger.connections import Connections
from ledger.jobs import Ledger
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions
from ledger.trail import Trails
from tasks.app import app
from tasks.publish import Publisher


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs' group. `admission` and `cache` are asynchronous; all others block."""

    admission: Admission
    cache: CacheLookup
    ledger: Ledger
    trails: Trails
    waiting: QueuePositions
    lane_eta: LaneEta
    publisher: Publisher
    workers: Workers


def jobs(
    settings: Settings, redis: Connections, rates: Mapping[Tier, Rate], executor: ThreadPoolExecutor
) -> Jobs:
    """Return the group. `rates` are the users' rate limits; `executor` runs blocking calls."""
    workers = Workers(redis.client)
    waiting = QueuePositions(redis.client, workers)
    return Jobs(
        admission=Admission(redis.pipeline, settings, rates),
        cache=CacheLookup(redis.cache_pipeline, settings.bot_id),
        ledger=Ledger(redis.client, settings),
        trails=Trails(redis.client),
        waiting=waiting,
        lane_eta=LaneEta(waiting, executor),
        publisher=Publisher(app),
        workers=workers,
    )
