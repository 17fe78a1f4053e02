"""Making a backup: the snapshot of the ledger, then the list of the media, then the manifest."""

import gzip
import json
import secrets
import tempfile
from datetime import UTC, datetime
from typing import IO

from config.settings import Settings
from deploy.backup import snapshot
from deploy.backup.manifest import BackupFile, Manifest
from deploy.backup.shelf import LEDGER, MEDIA, Shelf, media_of, name_at
from jobs.model import VERSION
from ledger.connection import connect

_CHUNK = 1 << 20
SILENCE_S = 120.0
"""A Redis that sends nothing for this long, not even that it is at work, has given the snapshot up."""


def create(shelf: Shelf, settings: Settings) -> Manifest:
    """Take a backup. The snapshot is streamed; only the list of the media goes through TMPDIR.

    Raises SnapshotFailed and OSError.
    """
    name = name_at(datetime.now(UTC), secrets.token_hex(3))
    place = settings.ledger_redis()
    with connect(place, SILENCE_S) as client:
        moment = snapshot.moment(client)
        ledger = shelf.put(name, LEDGER, snapshot.stream(client))
    # After the ledger: what that knows of is in the list, unless it was removed in between.
    with tempfile.TemporaryFile(prefix="darkroom-backup-") as file:
        count = _list_media(settings, file)
        file.seek(0)
        listed = shelf.put(name, MEDIA, iter(lambda: file.read(_CHUNK), b""))
    media = BackupFile(listed.size, listed.sha256, count)
    manifest = Manifest(
        name, moment.ms, place.db, moment.redis_version, VERSION, {LEDGER: ledger, MEDIA: media}
    )
    shelf.commit(manifest)
    return manifest


def _list_media(settings: Settings, file: IO[bytes]) -> int:
    """Write one line of JSON for each artifact, zipped; answers how many."""
    count = 0
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        for key, size in media_of(settings.media_url, settings):
            lines.write(json.dumps({"key": key, "size": size}) + "\n")
            count += 1
    return count
