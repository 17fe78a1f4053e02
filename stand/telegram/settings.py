"""What can be set when the stand starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Bounds of the stand's memory and disk, and the numbers that Telegram does not publish.

    `history`: messages kept per chat. `spool_bytes`: bytes of media kept on disk; the oldest files go
    first. `calls`, `events`, `past_updates`: lengths of the logs. `callback_seconds`: how long a button
    press can be answered (Telegram keeps it to itself; bots in the field see "query is too old" from about
    half a minute on).
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
