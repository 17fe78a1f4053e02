"""The media store: artifacts streamed in from providers and out to Telegram, never whole in memory."""

import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import obstore
from obstore.store import LocalStore

from config.settings import Settings
from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from jobs.model import Artifact, Job
from media import keys
from media.backends import open_store, read, store_errors, write
from media.file_types import TYPES, type_of, with_video

_HEAD = 4096
_CHUNK = 1024 * 1024


class StoreUnavailable(PassingError):
    """The media store could not be written to. A retry may help: a full disk gets space, a mount returns."""


class MediaStore:
    """Artifacts by key (see media.keys). Methods raise OSError when the store does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.media_max_bytes
        self._store = open_store(settings.media_url, settings)

    def keep(self, job: Job, chunks: Iterable[bytes]) -> Artifact:
        """Store a job's output, which becomes visible only when it is complete.

        Raises:
            JobFailed: The output is empty, too large, or by its bytes not of the job's kind.
        """
        stream = iter(chunks)
        head = b""
        while len(head) < _HEAD and (chunk := next(stream, b"")):
            head += chunk
        mime = type_of(head, job.request.kind)
        key = keys.key(job.stamps["accepted"], job.id, TYPES[job.request.kind][mime])
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for part in with_video(_all(head, stream), mime):
                size += len(part)
                if size > self._max_bytes:
                    raise JobFailed(Failure.TOO_LARGE, f"output is over {self._max_bytes} bytes")
                yield part

        write(self._store, key, counted(), mime)
        return Artifact(key, mime, size)

    def open(self, artifact: Artifact) -> BinaryIO:
        """Return an artifact as a readable, seekable local file, which the caller closes.

        An artifact in a bucket is first copied into a temporary file (in TMPDIR), so that the reader never
        waits for the network.

        Raises:
            FileNotFoundError: The store does not have the artifact.
        """
        if isinstance(self._store, LocalStore):
            with store_errors():
                reader = obstore.open_reader(self._store, artifact.key, buffer_size=_CHUNK)
            return io.BufferedReader(_Readable(reader))
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - it is the caller's
        try:
            copy.writelines(read(self._store, artifact.key))
            copy.seek(0)
        except BaseException:
            copy.close()
            raise
        return copy

    def kept(self, job: Job) -> Artifact | None:
        """Return the artifact that `keep` stored for a job; None if there is none. Asks only the store."""
        for mime, ending in TYPES[job.request.kind].items():
            key = keys.key(job.stamps["accepted"], job.id, ending)
            try:
                with store_errors():
                    return Artifact(key, mime, obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                continue
        return None

    def holds(self, artifact: Artifact) -> bool:
        """Return whether the store has the artifact in its full size."""
        try:
            with store_errors():
                return obstore.head(self._store, artifact.key)["size"] == artifact.size
        except FileNotFoundError:
            return False


class _Readable(io.RawIOBase):
    """The store's reader, with the methods that Python and its HTTP clients expect of a file."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with store_errors():
            chunk = memoryview(self._reader.read(len(buffer)))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()


def _all(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
