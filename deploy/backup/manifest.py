"""The manifest of a backup: its files, with their sizes and hashes. It is written last."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

FORMAT = 1
"""The version of the backup format, raised when an older Darkroom could misread a newer backup."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup: its bytes, its SHA-256, and how many media files it lists (0: the snapshot)."""

    size: int
    sha256: str
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a backup.

    Attributes:
        name: The backup's name.
        taken_ms: Redis's clock (Unix ms) just before the snapshot.
        db: The ledger's database in the snapshot.
        redis_version: The version of the Redis or Valkey that made the snapshot.
        record_version: The version of the job records (`jobs.model.VERSION`).
        parts: The files, by name.
        format: The version of the backup format.
    """

    name: str
    taken_ms: int
    db: int
    redis_version: str
    record_version: int
    parts: Mapping[str, BackupFile]
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(part.size for part in self.parts.values())

    @property
    def taken(self) -> datetime:
        """Return when the snapshot was taken (UTC)."""
        return datetime.fromtimestamp(self.taken_ms / 1000, UTC)


def dumps(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored (JSON)."""
    return json.dumps(asdict(manifest), indent=1).encode()


def loads(text: bytes) -> Manifest:
    """Return the manifest in a stored text. Raises ValueError, which says what is wrong."""
    try:
        raw: dict[str, Any] = json.loads(text)
        if raw["format"] != FORMAT:
            raise ValueError(
                f"it has format {raw['format']}, and this Darkroom reads {FORMAT}: use the newer one"
            )
        parts = {name: BackupFile(**part) for name, part in raw.pop("parts").items()}
        return Manifest(**raw, parts=parts)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"it is no manifest of a backup ({error!r})") from error
