"""Moving files from one media store to another: copied as a stream, compared by digest, written down."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import obstore

from media.backends import Store, read, store_errors, write


class StoredFile(NamedTuple):
    """A file as its store lists it; `version` (the ETag) changes when the file is written anew."""

    key: str
    size: int
    version: str


class MoveOutcome(StrEnum):
    """What became of one file."""

    COPIED = "copied"
    THERE = "there already"  # a copy of it, found or remembered to be the same
    GONE = "gone meanwhile"  # from the source, as by retention


class Differs(OSError):
    """The copy is not what was read: the store, the disk or the network has changed it."""


class Journal:
    """The files whose copies were found to be the same: one line each, written at once.

    A context manager. What a kill left half-written counts as not written. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._verified: set[StoredFile] = set()

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+", encoding="utf-8")
        self._file.seek(0)
        for line in self._file:
            try:
                self._verified.add(StoredFile(*json.loads(line)[:3]))
            except (ValueError, TypeError):
                continue
        self._file.write("\n")  # ends a line that was cut short
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, file: StoredFile) -> bool:
        return file in self._verified

    def add(self, file: StoredFile, digest: str) -> None:
        """The copy of this file has this SHA-256, as the file has."""
        with self._lock:
            self._verified.add(file)
            self._file.write(json.dumps([*file, digest]) + "\n")
            self._file.flush()


class Mover:
    """Moves single files; `moved(n)` is called for every n bytes that are done. Safe to use from threads."""

    def __init__(self, source: Store, target: Store, journal: Journal, moved: Callable[[int], None]) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._moved = moved

    def files(self) -> Iterator[StoredFile]:
        """All files of the source."""
        with store_errors():
            for page in obstore.list(self._source):
                yield from (StoredFile(each["path"], each["size"], each["e_tag"] or "") for each in page)

    def move(self, file: StoredFile, *, delete: bool) -> MoveOutcome:
        """Have a verified copy at the target, and (`delete`) nothing at the source any more.

        Raises Differs, and OSError when a store is away.
        """
        there = self._size_there(file.key) == file.size
        try:
            if there and (file in self._journal or self._same(file)):
                outcome = MoveOutcome.THERE
                self._moved(file.size)
            else:
                self._copy(file)
                outcome = MoveOutcome.COPIED
            if delete:
                with store_errors():
                    obstore.delete(self._source, file.key)
        except FileNotFoundError:
            return MoveOutcome.GONE
        return outcome

    def _same(self, file: StoredFile) -> bool:
        """Whether what a run that was killed has left is the same after all."""
        digest = _sha256(read(self._source, file.key))
        if _sha256(read(self._target, file.key)) != digest:
            return False
        self._journal.add(file, digest)
        return True

    def _copy(self, file: StoredFile) -> None:
        sha256, size = hashlib.sha256(), 0

        def watched() -> Iterator[memoryview]:
            nonlocal size
            for piece in read(self._source, file.key):
                sha256.update(piece)
                size += len(piece)
                yield piece
                self._moved(len(piece))
            if size != file.size:
                raise Differs(f"{file.key} has {size} bytes and not {file.size}: it has changed meanwhile")

        write(self._target, file.key, watched(), guess_type(file.key)[0] or "")
        if _sha256(read(self._target, file.key)) != sha256.hexdigest():
            raise Differs(f"{file.key} reads differently at the target")
        self._journal.add(file, sha256.hexdigest())

    def _size_there(self, key: str) -> int | None:
        try:
            with store_errors():
                return obstore.head(self._target, key)["size"]
        except FileNotFoundError:
            return None


def _sha256(pieces: Iterable[memoryview]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
