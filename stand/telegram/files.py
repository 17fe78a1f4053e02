"""The stand's files: each content once on disk, and the identifiers that bots know it by."""

import base64
import hashlib
import shutil
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from stand.telegram.probe import Probe, probe

_ID_PREFIX = {
    "photo": "AgACAgI",
    "thumbnail": "AAMCAgAD",
    "video": "BAACAgI",
    "animation": "CgACAgI",
    "document": "BQACAgI",
}
_FOLDERS = {
    "photo": "photos",
    "thumbnail": "thumbnails",
    "video": "videos",
    "animation": "animations",
    "document": "documents",
}
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
}
LOOKED_INTO_BYTES = 10_000_000
"""Size up to which Telegram measures videos itself, about; for larger ones it shows the sender's figures."""
_MOST_FILES = 50_000
THUMBNAIL_BOXES = (90, 320, 800)


@dataclass
class Blob:
    """One content.

    `path` is None until a thumbnail is first requested, and after the file was dropped as the oldest.
    """

    unique_id: str
    size: int
    probe: Probe
    path: Path | None
    source: "Blob | None" = None
    smaller: "list[Blob]" = field(default_factory=list)
    file_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FileRef:
    """The object of a `file_id`: one bot's reference to a blob, sent as `kind`.

    `told` are a video's width, height and duration as the sender says, 0 where it says none.
    """

    file_id: str
    bot: int
    kind: str
    blob: Blob
    file_name: str | None
    told: tuple[int, int, int] = (0, 0, 0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The width, height and duration that chats show."""
        look = self.blob.probe
        if self.kind == "video" and self.blob.size > LOOKED_INTO_BYTES:
            return self.told
        return look.width, look.height, look.duration

    @property
    def file_path(self) -> str:
        """The path in getFile's result, below /file/bot<token>/."""
        extension = (
            _EXTENSIONS.get(self.blob.probe.mime_type) or Path(self.file_name or "file.bin").suffix or ".bin"
        )
        return f"{_FOLDERS[self.kind]}/{self.file_id}{extension}"


def _short(*parts: object, size: int) -> str:
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=size).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class FileStore:
    """Owns a temporary directory, which `close` removes.

    Beyond `limit_bytes` (or 50,000 files) the oldest file is dropped with all its identifiers.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="telegram-stand-"))
        self.bytes = 0
        self._limit = limit_bytes
        self._incoming = 0
        self._blobs: dict[str, Blob] = {}
        self._kept: deque[Blob] = deque()
        self._refs: dict[str, FileRef] = {}

    def close(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def incoming(self) -> Path:
        """Return a new path for an upload; `adopt` it or unlink it afterwards."""
        self._incoming += 1
        return self.directory / f"incoming-{self._incoming}"

    def known(self, sha256: str) -> Blob | None:
        """Return the blob with this content, if it is still on disk."""
        return self._blobs.get("AQAD" + _short(sha256, size=9))

    def adopt(self, path: Path, sha256: str, name: str | None) -> Blob:
        """Make the received file a blob.

        It decodes the file and blocks: call it in a thread. Two calls for one content are safe.
        """
        blob = self.known(sha256)
        if blob:
            path.unlink(missing_ok=True)
            return blob
        found = probe(path, name)
        unique_id = "AQAD" + _short(sha256, size=9)
        kept = path.rename(self.directory / unique_id)
        return Blob(unique_id, kept.stat().st_size, found, kept)

    def keep(self, blob: Blob) -> Blob:
        """Register an adopted blob and drop the oldest files beyond the limit.

        Call it in the event loop's thread.
        """
        known = self.blob(blob.unique_id)
        if known:
            return known
        self._blobs[blob.unique_id] = blob
        self.bytes += blob.size
        self._kept.append(blob)
        while len(self._kept) > 1 and (self.bytes > self._limit or len(self._kept) > _MOST_FILES):
            self._drop(self._kept.popleft())
        return blob

    def _drop(self, blob: Blob) -> None:
        self.bytes -= blob.size
        for size in [blob, *blob.smaller]:
            del self._blobs[size.unique_id]
            for file_id in size.file_ids:
                del self._refs[file_id]
            if size.path:
                size.path.unlink(missing_ok=True)
                size.path = None

    def handle(
        self,
        bot: int,
        kind: str,
        blob: Blob,
        file_name: str | None,
        told: tuple[int, int, int] = (0, 0, 0),
    ) -> FileRef:
        """Return the bot's `file_id` for the blob; the same arguments give the same one."""
        file_id = _ID_PREFIX[kind] + _short(bot, kind, blob.unique_id, file_name, told, size=36)
        ref = self._refs.get(file_id)
        if ref is None:
            blob.file_ids.append(file_id)
            ref = self._refs[file_id] = FileRef(file_id, bot, kind, blob, file_name, told)
        return ref

    def find(self, file_id: str) -> FileRef | None:
        """Return the reference with this `file_id`, of any bot."""
        return self._refs.get(file_id)

    def blob(self, unique_id: str) -> Blob | None:
        """Return the blob with this `file_unique_id`."""
        return self._blobs.get(unique_id)

    def thumbnails(self, blob: Blob) -> list[Blob]:
        """Return the smaller sizes that Telegram makes of a photo.

        Their content is made at the first download.
        """
        if not blob.smaller:
            for box in THUMBNAIL_BOXES:
                scale = box / max(blob.probe.width, blob.probe.height)
                if scale < 1:
                    small = self._smaller(blob, scale)
                    self._blobs[small.unique_id] = small
                    blob.smaller.append(small)
        return blob.smaller

    def _smaller(self, blob: Blob, scale: float) -> Blob:
        width, height = (max(1, round(side * scale)) for side in (blob.probe.width, blob.probe.height))
        unique_id = "AQAD" + _short(blob.unique_id, width, size=9)
        # 0 bytes: the size is unknown before the first download; Telegram's file_size is optional.
        return Blob(unique_id, 0, Probe("image", "image/jpeg", width, height), None, blob)

    def bytes_of(self, blob: Blob) -> Path | None:
        """Return the file with the blob's content; None if it was dropped.

        It blocks the first time for a thumbnail.
        """
        if blob.path is None and blob.source is not None and blob.source.path is not None:
            path = self.directory / blob.unique_id
            with Image.open(blob.source.path) as image:
                image.convert("RGB").resize((blob.probe.width, blob.probe.height)).save(
                    path, "JPEG", quality=85
                )
            blob.path = path
        return blob.path
