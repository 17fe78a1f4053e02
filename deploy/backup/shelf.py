"""Where backups are kept: a directory or a bucket, one folder each. One without a manifest does not count."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

import obstore

from config.settings import Settings
from deploy.backup.manifest import BackupFile, Manifest, dumps, loads
from media.backends import Store, open_store, store_errors

LEDGER, MEDIA, _MANIFEST = "ledger.rdb", "media.jsonl.gz", "manifest.json"
_NAME = re.compile(r"(\d{8}T\d{12}Z)-[0-9a-f]{6}")
_TIME = "%Y%m%dT%H%M%S%fZ"
_FORGOTTEN = timedelta(days=1)
"""A backup that has no manifest after this long was killed and will never have one."""
_CHUNK = 8 << 20


class NoBackup(Exception):
    """There is no such backup; the message says what there is."""


class Shelf:
    """Methods raise OSError where the store does not answer (media.backends), NoBackup, and ValueError for
    a manifest that cannot be read."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._store: Store = open_store(url, settings, "BACKUP_URL")

    def put(self, name: str, file: str, chunks: Iterable[bytes]) -> BackupFile:
        """Store one file of a backup; it is whole or not there. `chunks` must not ask a store itself."""
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        with store_errors():
            obstore.put(self._store, f"{name}/{file}", counted(), chunk_size=_CHUNK, max_concurrency=2)
        return BackupFile(size, digest.hexdigest())

    def commit(self, manifest: Manifest) -> None:
        """From here on the backup counts."""
        with store_errors():
            obstore.put(self._store, f"{manifest.name}/{_MANIFEST}", dumps(manifest))

    def fetch(self, manifest: Manifest, file: str, into: IO[bytes]) -> str:
        """Copy a file of a backup; answers what is wrong with it, "" where it is as it was stored."""
        wanted, digest, size = manifest.parts[file], hashlib.sha256(), 0
        try:
            with store_errors():
                for chunk in obstore.get(self._store, f"{manifest.name}/{file}").stream(
                    min_chunk_size=1 << 20
                ):
                    part = bytes(chunk)
                    digest.update(part)
                    size += len(part)
                    into.write(part)
        except FileNotFoundError:
            return f"{file} is missing"
        into.flush()
        if size != wanted.size:
            return f"{file} has {size} bytes instead of {wanted.size}"
        return (
            "" if digest.hexdigest() == wanted.sha256 else f"{file} is not what was stored (SHA-256 differs)"
        )

    def names(self) -> list[str]:
        """All backups that count, oldest first."""
        return sorted(name for name, files in self._folders().items() if _MANIFEST in files)

    def manifest(self, name: str) -> Manifest:
        """A backup's manifest; `latest` is the newest one."""
        names = self.names()
        if name == "latest" and names:
            name = names[-1]
        if name not in names:
            there = f"the latest of {len(names)} is {names[-1]}" if names else "there is none"
            raise NoBackup(f"there is no backup {name}; {there}")
        with store_errors():
            return loads(bytes(obstore.get(self._store, f"{name}/{_MANIFEST}").bytes()))

    def prune(self, keep: int, now: datetime) -> list[str]:
        """Remove all but the newest `keep`, and what killed backups have left behind; answers their names."""
        folders, whole = self._folders(), self.names()
        ended = {name for name in folders if name not in whole and now - _begun(name) > _FORGOTTEN}
        gone = sorted({*whole[:-keep], *ended})
        for name in gone:
            # The manifest first: half a backup must not look like one.
            for file in sorted(folders[name], key=lambda file: file != _MANIFEST):
                with store_errors():
                    obstore.delete(self._store, f"{name}/{file}")
        return gone

    def _folders(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with store_errors():
            for page in obstore.list(self._store):
                for meta in page:
                    name, _, file = meta["path"].partition("/")
                    if _NAME.fullmatch(name) and file:
                        found.setdefault(name, set()).add(file)
        return found


def name_at(when: datetime, random: str) -> str:
    """The name of a backup begun then, to the microsecond: names are in the order of their backups. `random`
    (six hexadecimal digits) tells two of the same moment apart."""
    return f"{when.strftime(_TIME)}-{random}"


def media_of(url: str, settings: Settings) -> Iterator[tuple[str, int]]:
    """Keys and sizes (bytes) of all artifacts in a media store."""
    with store_errors():
        for page in obstore.list(open_store(url, settings), chunk_size=1000):
            for meta in page:
                yield meta["path"], meta["size"]


def _begun(name: str) -> datetime:
    match = _NAME.fullmatch(name)
    return datetime.strptime(match[1], _TIME).replace(tzinfo=UTC) if match else datetime.now(UTC)
