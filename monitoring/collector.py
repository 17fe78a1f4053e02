"""The collector that Prometheus scrapes: it reads Redis, yields the metrics, and keeps nothing."""

import time
from collections.abc import Iterator
from typing import Any

import redis
import structlog
from celery import Celery
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from ledger.connection import connect
from ledger.limits.budgets import Budgets
from monitoring import budget_metrics, jobs_metrics, outside_metrics, queue_metrics, redis_metrics, snapshot
from monitoring.families import gauge
from monitoring.snapshot import Info

log = structlog.get_logger(__name__)
_ANSWERS_WITHIN_S = 2.0
"""Time-out (s) of Redis, after which it counts as down. Prometheus waits 10 s for a whole scrape."""


class Darkroom(Collector):
    """All metrics of Darkroom. Several collectors may run, and all yield the same. The caller closes it."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self._app = app
        self._ledger = connect(settings.ledger_redis(), _ANSWERS_WITHIN_S)
        self._budgets = Budgets(self._ledger, settings)
        own_cache = settings.cache_redis() != settings.ledger_redis()
        self._cache = connect(settings.cache_redis(), _ANSWERS_WITHIN_S) if own_cache else None

    def describe(self) -> list[Metric]:
        """Return no metrics, so that registering the collector does not scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of one scrape. If a Redis is down, its metrics are absent and `redis_up` is 0."""
        began = time.perf_counter()
        servers: dict[str, Info | None] = {"ledger": None}
        try:
            seen = snapshot.read(self._ledger, self._app)
            budgets = self._budgets.all()
        except (redis.RedisError, LedgerUnavailable) as error:
            log.warning("the ledger's Redis does not answer", error=repr(error))
        else:
            servers["ledger"] = seen.info
            yield from jobs_metrics.collect(seen)
            yield from budget_metrics.collect(budgets, seen.counts)
            yield from queue_metrics.collect(seen)
            yield from outside_metrics.collect(seen)
        if self._cache is not None:
            servers["cache"] = _info(self._cache)
        yield from redis_metrics.collect(servers)
        took = time.perf_counter() - began
        yield gauge("exporter_scrape_duration_seconds", "How long this scrape took.", (), [((), took)])

    def close(self) -> None:
        """Close the connections."""
        self._ledger.close()
        if self._cache is not None:
            self._cache.close()


def _info(client: "redis.Redis") -> Info | None:
    try:
        found: Any = client.info()
    except redis.RedisError as error:
        log.warning("the cache's Redis does not answer", error=repr(error))
        return None
    return dict(found)
