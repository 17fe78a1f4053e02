"""Retention: removing artifacts older than MEDIA_TTL_DAYS, folder by folder, the oldest first."""

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
"""Seconds between two rounds. Some stores charge for each list and delete, and nobody waits for them."""
LAPSES_S = 120.0
"""Seconds after which the lock of a round expires if the process dies."""
BATCH = 1000
"""Files examined in one round."""


class Retention:
    """Removes old files from the store at MEDIA_URL, a batch in each round.

    The caller's lock keeps `round` to one process at a time. Only folders named by a day are touched.
    `in_use` returns the keys of the files that open jobs need: these stay, however old they are.
    """

    def __init__(self, settings: Settings, in_use: Callable[[], set[str]], batch: int = BATCH) -> None:
        self._ttl_days = settings.media_ttl_days
        self._in_use = in_use
        self._batch = batch
        self._store = open_store(settings.media_url, settings)

    def round(self) -> int:
        """Remove old files, at most a batch, and return how many. With MEDIA_TTL_DAYS 0 do nothing.

        Raises:
            OSError: The store does not answer.
        """
        if not self._ttl_days:
            return 0
        now = datetime.now(UTC).timestamp()
        with store_errors():
            folders = sorted(obstore.list_with_delimiter(self._store)["common_prefixes"])
        old = [folder for folder in folders if (removed_at(folder, self._ttl_days) or now + 1) <= now]
        removed = 0
        needed: set[str] | None = None
        for key in islice(self._files(old), self._batch):
            # Once a round, and only if there are old files. A later job cannot come to need so old a file.
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
            return 0  # another process removed the file, after this round outlasted its lock
        return 1

    def _tidy(self, folder: str) -> None:
        """Remove half-written files (`name#1`) of workers that were killed: the store does not list them."""
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            for rest in Path(self._store.prefix, folder).glob("*#*"):
                rest.unlink(missing_ok=True)
