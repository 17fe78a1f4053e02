"""The settings of the stand, at its start."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Limits of the stand's memory and disk, and the numbers that Telegram does not publish.

    Attributes:
        history: Messages kept per chat.
        spool_bytes: Media kept on disk, in bytes; the oldest files are dropped first.
        calls: Length of the call log.
        events: Length of the event log.
        past_updates: Length of the log of updates.
        callback_seconds: How long a button press can be answered. Telegram does not publish it; bots in the
            field see "query is too old" after about half a minute.
        photo_bytes: Largest photo.
        upload_bytes: Largest upload.
        download_bytes: Largest file for getFile.
        photo_by_url_bytes: Largest photo sent by URL.
        file_by_url_bytes: Largest other file sent by URL.
    """

    history: int = 1_000
    spool_bytes: int = 2 << 30
    calls: int = 20_000
    events: int = 10_000
    past_updates: int = 5_000
    callback_seconds: float = 60.0
    photo_bytes: int = 10 << 20
    upload_bytes: int = 50 << 20
    download_bytes: int = 20 << 20
    photo_by_url_bytes: int = 5 << 20
    file_by_url_bytes: int = 20 << 20
