"""The manifest of a backup: what it holds and how to tell that it is whole. It is written last."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

FORMAT = 1
"""Raised when an older Darkroom could misread a newer backup."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup: bytes, SHA-256, and how many entries it lists (media; 0 for the snapshot)."""

    size: int
    sha256: str
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_ms`: Redis's clock (Unix ms) just before the snapshot. `db`: the ledger's database in it."""

    name: str
    taken_ms: int
    db: int
    redis_version: str
    record_version: int
    parts: Mapping[str, BackupFile]
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(part.size for part in self.parts.values())

    @property
    def taken(self) -> datetime:
        """When the snapshot was taken."""
        return datetime.fromtimestamp(self.taken_ms / 1000, UTC)


def dumps(manifest: Manifest) -> bytes:
    """The manifest as it is stored (JSON)."""
    return json.dumps(asdict(manifest), indent=1).encode()


def loads(text: bytes) -> Manifest:
    """Read a stored manifest; raises ValueError with what is wrong."""
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
