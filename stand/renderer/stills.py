"""Still images."""

import dataclasses
import io
from typing import Literal

from PIL import Image, PngImagePlugin

from stand.renderer.canvas import finish
from stand.renderer.scene import compose

NOTE = "sketch, not AI: drawn by a procedural renderer, without a model"
Format = Literal["png", "jpg", "webp"]
MIMES: dict[Format, str] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


@dataclasses.dataclass(frozen=True)
class Rendered:
    """A finished image or clip; `data` is empty if it was written to a file."""

    data: bytes
    mime: str
    width: int
    height: int


def dimensions(aspect_ratio: str, size: int) -> tuple[int, int]:
    """Return width and height, even numbers, of an image with the area of a square of `size` pixels.

    Raises:
        ValueError: The ratio is not like 16:9, or the ratio or the size is out of bounds.
    """
    across, _, down = aspect_ratio.partition(":")
    if not across.isdigit() or not down.isdigit() or not 0.2 <= int(across) / max(int(down), 1) <= 5:
        raise ValueError(f"aspect_ratio is like 16:9 and at most 5:1, not {aspect_ratio!r}")
    if not 64 <= size <= 2048:
        raise ValueError(f"size is 64 to 2048 pixels, not {size}")
    ratio = int(across) / int(down)
    return max(32, round(size * ratio**0.5 / 2) * 2), max(32, round(size / ratio**0.5 / 2) * 2)


def image_format(extension: str) -> Format:
    """Return the format of an extension.

    Raises:
        ValueError: There is no such format.
    """
    for known in MIMES:
        if extension.lower().replace("jpeg", "jpg") == known:
            return known
    raise ValueError(f"format is one of {', '.join(MIMES)}, not {extension!r}")


def draw_still(prompt: str, negative: str, size: tuple[int, int], seed: int) -> Image.Image:
    """Return the scene at its first moment."""
    scene = compose(prompt, negative, size, seed)
    picture = Image.new("RGBA", size)
    for layer in scene.layers:
        picture.alpha_composite(layer.at(0.0))
    return finish(picture, scene.seed)


def render_image(
    prompt: str,
    *,
    aspect_ratio: str = "1:1",
    seed: int | None = None,
    negative_prompt: str = "",
    size: int = 768,
    format: Format = "png",  # noqa: A002  the word of every image API
) -> Rendered:
    """Draw the prompt.

    `size` is the side (pixels) of a square with the image's area.

    Raises:
        ValueError: The ratio, the size or the format is wrong.
    """
    width, height = dimensions(aspect_ratio, size)
    picture = draw_still(prompt, negative_prompt, (width, height), seed or 0)
    buffer = io.BytesIO()
    if image_format(format) == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Software", "Darkroom procedural renderer")
        info.add_text("Comment", NOTE)
        picture.save(buffer, "PNG", pnginfo=info, compress_level=3)
    else:
        exif = Image.Exif()
        exif[0x010E] = NOTE
        kind = "JPEG" if format == "jpg" else "WEBP"
        picture.save(buffer, kind, quality=90, exif=exif.tobytes())
    return Rendered(buffer.getvalue(), MIMES[format], width, height)
