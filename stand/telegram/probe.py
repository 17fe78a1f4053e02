"""Kind, type and real dimensions of uploads, read from the content and not from what the sender says."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image


@dataclass(frozen=True)
class Probe:
    """What a file is: `kind` is "image", "gif", "video" or "other"; `broken`: the image does not decode."""

    kind: str
    mime_type: str
    width: int = 0
    height: int = 0
    duration: int = 0
    broken: bool = False


def probe(path: Path, name: str | None) -> Probe:
    """Probe the file at `path`; `name` only gives the MIME type of files that are neither image nor video."""
    return _image(path) or _video(path) or Probe("other", _by_name(name))


def _by_name(name: str | None) -> str:
    return (name and mimetypes.guess_type(name)[0]) or "application/octet-stream"


def _image(path: Path) -> Probe | None:
    try:
        with Image.open(path) as image:
            mime_type = Image.MIME.get(image.format or "", "application/octet-stream")
            kind = "gif" if image.format == "GIF" else "image"
            width, height = image.size
            broken = width + height <= 10_000 and not _decodes(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Probe(kind, mime_type, width, height, broken=broken)


def _decodes(image: Image.Image) -> bool:
    try:
        if image.format == "PNG":
            image.verify()  # checks every chunk's CRC at a tenth of the cost of decoding
        else:
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True


def _video(path: Path) -> Probe | None:
    try:
        with av.open(str(path), mode="r") as container:
            streams = container.streams.video
            # Telegram plays MPEG-4 only; "other formats may be sent as Document" (Bot API, sendVideo).
            if not streams or "mp4" not in container.format.name:
                return None
            stream = streams[0]
            # A decoded frame is the proof: a truncated file can have a correct header.
            if next(container.decode(stream), None) is None:
                return None
            seconds = (container.duration or 0) / 1_000_000
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, OSError, ValueError):
        return None
    return Probe("video", "video/mp4", width, height, max(1, round(seconds)))
