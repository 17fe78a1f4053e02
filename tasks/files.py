"""The files of jobs: where they are kept, how they are fetched, and links to them."""

from dataclasses import dataclass

from config.settings import Settings
from media.download import Downloader
from media.links import Links
from media.store import MediaStore


@dataclass(frozen=True, slots=True)
class Files:
    """The media store, links into it, and what fetches from providers' hosts."""

    store: MediaStore
    links: Links
    downloader: Downloader

    def close(self) -> None:
        """Close the connections to providers' hosts."""
        self.downloader.close()


def open_files(settings: Settings) -> Files:
    """Make them. Nothing is fetched yet. The caller closes them."""
    downloader = Downloader(settings.provider_timeout_s, largest=settings.media_max_bytes)
    return Files(MediaStore(settings), Links(settings), downloader)
