"""Links to files in the media store, for results that cannot be sent to a chat. A directory has none."""

import time
from dataclasses import dataclass
from datetime import timedelta

import obstore
from obstore.store import S3Store

from config.media import S3Bucket, location
from config.settings import Settings
from jobs.model import Artifact
from media.backends import open_store, store_errors
from media.keys import removed_at


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that anybody may download from, and the seconds until it expires."""

    url: str
    seconds: float


class Links:
    """Makes presigned links if the store at MEDIA_URL is an S3 bucket. For a directory it opens nothing."""

    def __init__(self, settings: Settings) -> None:
        self._longest = settings.media_link_hours * 3600
        self._ttl_days = settings.media_ttl_days
        self._stores: tuple[S3Store, S3Store] | None = None
        if isinstance(location(settings.media_url), S3Bucket):
            inside = open_store(settings.media_url, settings)
            outside = open_store(settings.media_url, settings, public=True)
            if isinstance(inside, S3Store) and isinstance(outside, S3Store):
                self._stores = inside, outside

    @property
    def any(self) -> bool:
        """Return whether the store has links at all."""
        return self._stores is not None

    def to(self, artifact: Artifact) -> Link | None:
        """Return a link to an artifact, None if the store has no links.

        The link expires after MEDIA_LINK_HOURS, or earlier if retention removes the file earlier.

        Raises:
            FileNotFoundError: The file is gone, or retention is about to remove it.
            OSError: The store does not answer.
        """
        if self._stores is None:
            return None
        inside, outside = self._stores
        gone = removed_at(artifact.key, self._ttl_days)
        seconds = self._longest if gone is None else min(self._longest, gone - time.time())
        if seconds < 1:
            raise FileNotFoundError(f"{artifact.key} is about to be removed")
        with store_errors():
            obstore.head(inside, artifact.key)
            url = obstore.sign(outside, "GET", artifact.key, timedelta(seconds=int(seconds)))
        return Link(url, seconds)
