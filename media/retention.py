"""Retention: artifacts older than MEDIA_TTL_DAYS are removed, folder by folder, the oldest first."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import obstore
import structlog
from obstore.store import LocalStore

from config.settings import Settings
from media.backends import open_store, store_errors
from media.keys import removed_at

log = structlog.get_logger(__name__)
PERIOD_S = 600.0
"""Between two rounds: what lists and deletes costs money with some stores, and nobody waits for it."""
LAPSES_S = 120.0
"""The lock of a round whose process died."""
BATCH = 1000
"""Files looked at in one round."""


class Retention:
    """`round` is called in one process at a time; it does nothing with MEDIA_TTL_DAYS 0.

    `in_use` answers the keys of files that a job which has not ended needs: these stay, however old.
    Only folders that are named by a day are touched.
    """

    def __init__(self, settings: Settings, in_use: Callable[[], set[str]], batch: int = BATCH) -> None:
        self._ttl_days = settings.media_ttl_days
        self._in_use = in_use
        self._batch = batch
        self._store = open_store(settings.media_url, settings)

    def round(self) -> int:
        """Remove at most a batch of files; answers how many. OSError when the store is away."""
        if not self._ttl_days:
            return 0
        now = datetime.now(UTC).timestamp()
        with store_errors():
            folders = sorted(obstore.list_with_delimiter(self._store)["common_prefixes"])
        old = [folder for folder in folders if (removed_at(folder, self._ttl_days) or now + 1) <= now]
        removed = 0
        needed: set[str] | None = None
        for key in islice(self._files(old), self._batch):
            # Asked once there is something to remove; a job that comes later gets no file of this age.
            needed = self._in_use() if needed is None else needed
            if key not in needed:
                removed += self._remove(key)
        if removed:
            log.info("media removed", files=removed, days=self._ttl_days)
        return removed

    def _files(self, folders: list[str]) -> Iterator[str]:
        for folder in folders:
            self._tidy(folder)
            with store_errors():
                pages = obstore.list(self._store, prefix=folder, chunk_size=self._batch)
                yield from (each["path"] for page in pages for each in page)

    def _remove(self, key: str) -> int:
        try:
            with store_errors():
                obstore.delete(self._store, key)
        except FileNotFoundError:
            return 0  # a second process, where a round took longer than its lock
        return 1

    def _tidy(self, folder: str) -> None:
        """Remove what workers that were killed have left half-written (`name#1`): no store lists it."""
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            for rest in Path(self._store.prefix, folder).glob("*#*"):
                rest.unlink(missing_ok=True)
