"""Results that may be given again: kept in a Redis of its own, whose loss costs nothing but time."""

import json
from dataclasses import asdict
from typing import Any

import redis
import structlog

from jobs import keys
from jobs.admission import Hit
from jobs.model import Artifact

log = structlog.get_logger(__name__)


class Cache:
    """Hits by digest. Never raises: a cache that is away is a cache that holds nothing."""

    def __init__(self, client: "redis.Redis", ttl_s: float) -> None:
        self._redis = client
        self._ttl = round(ttl_s)

    def get(self, digest: str) -> Hit | None:
        """What is kept for a request, None where there is nothing."""
        try:
            found: Any = self._redis.get(keys.cached(digest))
        except redis.RedisError as error:
            log.warning("cache unavailable", error=repr(error))
            return None
        return self.read(found)

    @staticmethod
    def read(found: str | None) -> Hit | None:
        """What a value of the cache says."""
        if not found:
            return None
        entry = json.loads(found)
        # Entries of an earlier release have no seed.
        return Hit(Artifact(**entry["artifact"]), entry["file_id"], entry.get("seed", 0))

    def put(self, digest: str, hit: Hit) -> None:
        """Keep a result; nothing is kept with CACHE_TTL_S 0."""
        if not digest or self._ttl <= 0:
            return
        entry = json.dumps(asdict(hit))
        try:
            self._redis.set(keys.cached(digest), entry, ex=self._ttl)
        except redis.RedisError as error:
            log.warning("cache unavailable", error=repr(error))
