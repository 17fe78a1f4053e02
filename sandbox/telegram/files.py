"""The files of the stand: bytes on disk once per content, and the identifiers that bots know them by."""

import base64
import hashlib
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sandbox.telegram.probe import Probe, probe

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
THUMBNAIL_BOXES = (90, 320, 800)


@dataclass
class Blob:
    """One content.

    `path` is None before a thumbnail is first asked for and after the oldest files were dropped.
    """

    unique_id: str
    size: int
    probe: Probe
    path: Path | None
    source: "Blob | None" = None


@dataclass(frozen=True)
class FileRef:
    """What a `file_id` stands for: one bot's handle on a blob, sent as `kind`."""

    file_id: str
    bot: int
    kind: str
    blob: Blob
    file_name: str | None

    @property
    def file_path(self) -> str:
        """The path in getFile's answer, below /file/bot<token>/."""
        extension = (
            _EXTENSIONS.get(self.blob.probe.mime_type) or Path(self.file_name or "file.bin").suffix or ".bin"
        )
        return f"{_FOLDERS[self.kind]}/{self.file_id}{extension}"


def _short(*parts: object, size: int) -> str:
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=size).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class FileStore:
    """Owns a temporary directory; `close` removes it."""

    def __init__(self, limit_bytes: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="telegram-stand-"))
        self.bytes = 0
        self._limit = limit_bytes
        self._incoming = 0
        self._blobs: dict[str, Blob] = {}
        self._on_disk: OrderedDict[str, Blob] = OrderedDict()
        self._refs: dict[str, FileRef] = {}

    def close(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def incoming(self) -> Path:
        """A fresh path to receive an upload into; give it back by `adopt` or unlink it."""
        self._incoming += 1
        return self.directory / f"incoming-{self._incoming}"

    def known(self, sha256: str) -> Blob | None:
        """The blob with this content, if it is still on disk."""
        blob = self._blobs.get(_short(sha256, size=9))
        return blob if blob and blob.path else None

    def adopt(self, path: Path, sha256: str, name: str | None) -> Blob:
        """Make the received file a blob.

        Blocking (it decodes): call it in a thread. Safe to call twice for one content.
        """
        blob = self.known(sha256)
        if blob:
            path.unlink(missing_ok=True)
            return blob
        found = probe(path, name)
        unique_id = _short(sha256, size=9)
        kept = path.rename(self.directory / unique_id)
        return Blob(f"AQAD{unique_id}", kept.stat().st_size, found, kept)

    def keep(self, blob: Blob) -> Blob:
        """Enter an adopted blob into the books and drop the oldest files beyond the limit.

        In the event loop's thread.
        """
        key = blob.unique_id[4:]
        known = self._blobs.get(key)
        if known and known.path:
            return known
        if known:
            known.path, blob = blob.path, known
        self._blobs[key] = blob
        self._count(blob)
        return blob

    def _count(self, blob: Blob) -> None:
        self._on_disk[blob.unique_id] = blob
        self.bytes += blob.size
        while self.bytes > self._limit and len(self._on_disk) > 1:
            _, oldest = self._on_disk.popitem(last=False)
            self.bytes -= oldest.size
            if oldest.path:
                oldest.path.unlink(missing_ok=True)
                oldest.path = None

    def handle(self, bot: int, kind: str, blob: Blob, file_name: str | None) -> FileRef:
        """The bot's `file_id` for the blob; the same one every time."""
        file_id = _ID_PREFIX[kind] + _short(bot, kind, blob.unique_id, size=36)
        ref = self._refs.get(file_id)
        if ref is None:
            ref = self._refs[file_id] = FileRef(file_id, bot, kind, blob, file_name)
        return ref

    def find(self, file_id: str) -> FileRef | None:
        """The handle with this `file_id`, whichever bot's it is."""
        return self._refs.get(file_id)

    def blob(self, unique_id: str) -> Blob | None:
        """The blob with this `file_unique_id`."""
        return self._blobs.get(unique_id[4:])

    def thumbnails(self, blob: Blob) -> list[Blob]:
        """The smaller sizes that Telegram makes of a photo; their bytes are made when somebody downloads
        them.
        """
        sizes = []
        for box in THUMBNAIL_BOXES:
            scale = box / max(blob.probe.width, blob.probe.height)
            if scale >= 1:
                break
            key = _short(blob.unique_id, box, size=9)
            small = self._blobs.get(key)
            if small is None:
                width, height = (
                    max(1, round(side * scale)) for side in (blob.probe.width, blob.probe.height)
                )
                look = Probe("image", "image/jpeg", width, height)
                # The size is not known before the bytes are made; Telegram's field is optional, so
                # it is left out.
                small = self._blobs[key] = Blob(f"AQAD{key}", 0, look, None, blob)
            sizes.append(small)
        return sizes

    def bytes_of(self, blob: Blob) -> Path | None:
        """The file with the blob's bytes; None where it was dropped.

        Blocking for a thumbnail's first time.
        """
        if blob.path is None and blob.source is not None and blob.source.path is not None:
            path = self.directory / blob.unique_id
            with Image.open(blob.source.path) as image:
                image.convert("RGB").resize((blob.probe.width, blob.probe.height)).save(
                    path, "JPEG", quality=85
                )
            blob.path = path
        return blob.path
