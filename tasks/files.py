"""The files of jobs: the store that keeps them, links to them, and downloads from providers."""

from dataclasses import dataclass

from config.settings import Settings
from media.download import Downloader
from media.links import Links
from media.store import MediaStore


@dataclass(frozen=True, slots=True)
class Files:
    """The media store, links into it, and the downloader for providers' hosts."""

    store: MediaStore
    links: Links
    downloader: Downloader

    def close(self) -> None:
        """Close the connections to providers' hosts."""
        self.downloader.close()


def open_files(settings: Settings) -> Files:
    """Return the group, without connecting yet. The caller closes it."""
    downloader = Downloader(settings.provider_timeout_s, largest=settings.media_max_bytes)
    return Files(MediaStore(settings), Links(settings), downloader)
