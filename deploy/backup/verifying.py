"""Whether a backup is what it says: hashes, Redis's own checksum, every key readable, media still there."""

import gzip
import json
import mmap
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from config.settings import Settings
from deploy.backup import rdb
from deploy.backup.manifest import Manifest
from deploy.backup.shelf import LEDGER, MEDIA, Shelf, media_of
from ledger import keys

_JOB = keys.job("").encode()


@dataclass(slots=True)
class BackupFindings:
    """`problems` is empty for a good backup. `absent`: listed media that the store has no more."""

    keys: int = 0
    jobs: int = 0
    media: int = 0
    absent: int | None = None
    problems: list[str] = field(default_factory=list)


def verify(shelf: Shelf, manifest: Manifest, settings: Settings, *, media: bool = False) -> BackupFindings:
    """Read all of a backup. `media`: compare its list with the media store, too. Raises OSError."""
    found = BackupFindings()
    try:
        with fetched(shelf, manifest) as data:
            for entry in rdb.entries(data):
                found.keys += 1
                found.jobs += entry.db == manifest.db and entry.key.startswith(_JOB)
    except rdb.BadSnapshot as error:
        found.problems.append(str(error))
    with tempfile.TemporaryFile(prefix="darkroom-backup-") as file:
        if wrong := shelf.fetch(manifest, MEDIA, file):
            found.problems.append(wrong)
        else:
            file.seek(0)
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                there = Counter(media_of(settings.media_url, settings)) if media else Counter()
                for line in lines:
                    entry = json.loads(line)
                    found.media += 1
                    if media and (entry["key"], entry["size"]) not in there:
                        found.absent = (found.absent or 0) + 1
    if media:
        found.absent = found.absent or 0
    return found


@contextmanager
def fetched(shelf: Shelf, manifest: Manifest) -> Iterator[mmap.mmap]:
    """The snapshot as a file of this machine, in TMPDIR, for as long as the context is open. Raises
    rdb.BadSnapshot where it is not what was stored."""
    with tempfile.NamedTemporaryFile(prefix="darkroom-backup-") as file:
        if wrong := shelf.fetch(manifest, LEDGER, file):
            raise rdb.BadSnapshot(wrong)
        if not manifest.parts[LEDGER].size:
            raise rdb.BadSnapshot(f"{LEDGER} is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
