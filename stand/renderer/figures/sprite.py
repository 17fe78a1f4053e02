"""Figures of cut paper: parts drawn one over another, each with a soft shadow on those below."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from stand.renderer.canvas import Colour, Outline, Point, corners, curve, gradient, mix, soft

SCALE = 2


@dataclasses.dataclass(frozen=True)
class Part:
    """One piece of paper in the unit square (0, 0 top left); `shade` is how much darker its lower end is."""

    outline: Sequence[Point]
    colour: Colour
    shade: float = 0.16
    shadow: float = 0.28


def piece(outline: Outline, colour: Colour, shade: float = 0.16, shadow: float = 0.28) -> Part:
    """Return a part with a smooth outline; see `canvas.curve`."""
    return Part(curve(outline), colour, shade, shadow)


def flat(outline: str, colour: Colour, shade: float = 0.16, shadow: float = 0.28) -> Part:
    """Return a part with straight edges and an outline given as text."""
    return Part([(p[0], p[1]) for p in corners(outline)], colour, shade, shadow)


def mirrored(part: Part, axis: float) -> Part:
    """Return the part mirrored at the vertical line x = axis."""
    return dataclasses.replace(part, outline=[(2 * axis - x, y) for x, y in part.outline])


def draw(parts: Sequence[Part], size: tuple[int, int], light: tuple[float, float, float]) -> Image.Image:
    """Return the parts as an image of that size.

    The unit square fills the smaller side, centred, at the bottom.
    """
    width, height = size[0] * SCALE, size[1] * SCALE
    unit = min(width, height)
    left, top = (width - unit) / 2, height - unit
    picture = Image.new("RGBA", (width, height), (*parts[0].colour, 0))
    for part in parts:
        outline = [(left + x * unit, top + y * unit) for x, y in part.outline]
        x0, y0 = (max(0, int(min(p[i] for p in outline)) - 2) for i in (0, 1))
        x1 = min(width, int(max(p[0] for p in outline)) + 3)
        y1 = min(height, int(max(p[1] for p in outline)) + 3)
        if x1 <= x0 or y1 <= y0:
            continue
        inside = Image.new("L", (x1 - x0, y1 - y0), 0)
        ImageDraw.Draw(inside).polygon([(x - x0, y - y0) for x, y in outline], fill=255)
        if part.shadow:
            _cast(picture, inside, (x0, y0), unit, part.shadow)
        colours = [
            (0.0, mix(part.colour, (255, 255, 255), part.shade * 0.45)),
            (1.0, mix(part.colour, (18, 10, 40), part.shade)),
        ]
        body = gradient((x1 - x0, y1 - y0), colours).convert("RGBA")
        picture.paste(body, (x0, y0), inside)
    return _under(picture.reduce(SCALE), light)


def _cast(
    picture: Image.Image, inside: Image.Image, at: tuple[int, int], unit: float, strength: float
) -> None:
    reach = max(2, int(unit * 0.016))
    box = (
        max(0, at[0] - reach * 2),
        max(0, at[1] - reach * 2),
        min(picture.width, at[0] + inside.width + reach * 3),
        min(picture.height, at[1] + inside.height + reach * 3),
    )
    dark = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
    dark.paste(inside, (at[0] - box[0] + reach // 2, at[1] - box[1] + reach))
    dark = soft(dark, reach).point([int(v * strength) for v in range(256)])
    below = picture.crop(box)
    dark = ImageChops.multiply(dark, below.getchannel("A"))
    shaded = Image.new("RGB", below.size, (24, 8, 36))
    keep = below.getchannel("A")
    flat = below.convert("RGB")
    flat.paste(shaded, mask=dark)
    flat.putalpha(keep)
    picture.paste(flat, box[:2])


def _under(picture: Image.Image, light: tuple[float, float, float]) -> Image.Image:
    factors = [[min(255, round(v * f)) for v in range(256)] for f in light]
    return picture.point([*factors[0], *factors[1], *factors[2], *range(256)])


def shadow_of(
    size: tuple[int, int], centre: Point, half: float, colour: Colour, strength: float = 0.35
) -> Image.Image:
    """Return the soft shadow of a figure on the ground."""
    y, x = np.mgrid[0 : size[1] : 4, 0 : size[0] : 4].astype(np.float32)
    away = np.hypot((x - centre[0]) / half, (y - centre[1]) / (half * 0.22))
    alpha = np.clip(1 - away, 0, 1) ** 0.9 * 255 * strength
    spot = Image.new("RGBA", size, (*colour, 0))
    spot.putalpha(Image.fromarray(alpha.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC))
    return spot
