"""Links to files in the media store, for what a chat cannot be sent. A directory gives none."""

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
    """A URL that anybody may download from for so many seconds."""

    url: str
    seconds: float


class Links:
    """Makes links where the store at MEDIA_URL can; where it cannot, nothing is opened."""

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
        """Whether the store gives links at all."""
        return self._stores is not None

    def to(self, artifact: Artifact) -> Link | None:
        """A link to a file that is there, None where there are no links.

        It works for MEDIA_LINK_HOURS, or for as long as the file will be kept. Raises FileNotFoundError for
        a file that is not kept (any more), OSError when the store does not answer.
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
