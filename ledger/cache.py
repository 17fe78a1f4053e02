"""The cache of results that may be used again. It has a Redis of its own, whose loss costs only time."""

import json
from dataclasses import asdict, replace
from typing import Any

import redis
import structlog

from jobs.errors import LedgerUnavailable
from jobs.model import Artifact
from ledger import keys
from ledger.admission import Hit
from ledger.pipeline import SharedPipeline

log = structlog.get_logger(__name__)


_VERSION = 1
"""Version of a cache entry; raised when an older release could misread a newer entry."""


class Cache:
    """The cache, by digest. No method raises: an unavailable cache and an unreadable entry count as a miss.

    `bot` is the id of the bot that the chats talk to. Another bot's file_id is of no use to it.
    """

    def __init__(self, client: "redis.Redis", ttl_s: float, bot: str = "") -> None:
        self._redis = client
        self._ttl = round(ttl_s)
        self._bot = bot

    def get(self, digest: str) -> Hit | None:
        """Return the cached result for a request's digest; None for a miss."""
        try:
            found: Any = self._redis.get(keys.cached(digest))
        except redis.RedisError as error:
            log.warning("cache unavailable", error=repr(error))
            return None
        return _hit(found, self._bot)

    def put(self, digest: str, hit: Hit) -> None:
        """Keep a result; with CACHE_TTL_S=0 nothing is kept."""
        if not digest or self._ttl <= 0:
            return
        known = {"version": _VERSION, "bot": self._bot, "file_id": hit.file_id, "seed": hit.seed}
        entry = json.dumps(asdict(hit.artifact) | known)
        try:
            self._redis.set(keys.cached(digest), entry, ex=self._ttl)
        except redis.RedisError as error:
            log.warning("cache unavailable", error=repr(error))

    def drop(self, digest: str) -> None:
        """Remove a result whose file turned out to be gone."""
        if not digest:
            return
        try:
            self._redis.delete(keys.cached(digest))
        except redis.RedisError as error:
            log.warning("cache unavailable", error=repr(error))


class CacheLookup:
    """The cache's asyncio reader, for the bot. One instance per event loop. `bot` and errors: see `Cache`."""

    def __init__(self, pipeline: SharedPipeline, bot: str = "") -> None:
        self._pipeline = pipeline
        self._bot = bot

    async def get(self, digest: str) -> Hit | None:
        """Return the cached result for a request's digest; None for a miss."""
        try:
            found = await self._pipeline.command("GET", keys.cached(digest))
        except LedgerUnavailable as error:
            log.warning("cache unavailable", error=str(error))
            return None
        return _hit(found, self._bot)


def _hit(found: str | None, bot: str) -> Hit | None:
    """Read an entry of the cache; return None where this release cannot read it."""
    if not found:
        return None
    try:
        entry = json.loads(found)
        if entry["version"] != _VERSION:
            return None
        key, mime, size, file_id = (entry[name] for name in ("key", "mime", "size", "file_id"))
        # Entries of an earlier release have no seed.
        hit = Hit(Artifact(str(key), str(mime), int(size)), str(file_id), int(entry.get("seed", 0)))
        return hit if entry["bot"] == bot else replace(hit, file_id="")
    except (ValueError, TypeError, KeyError) as error:
        log.warning("cache entry not understood", error=repr(error))
        return None
