"""Drawing tools: smooth outlines, antialiased masks, gradients, glows, and layers to stack."""

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Array = npt.NDArray[np.float32]
Colour = tuple[int, int, int]
Point = tuple[float, float]
Outline = str | Sequence[Sequence[float]]


def rgb(text: str) -> Colour:
    """Return `#rrggbb` as three numbers."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return a mix of two colours: `share` 0 gives a, 1 gives b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def tint(colour: Colour, light: tuple[float, float, float]) -> Colour:
    """Return the colour under a light whose channels are factors."""
    return (
        min(255, round(colour[0] * light[0])),
        min(255, round(colour[1] * light[1])),
        min(255, round(colour[2] * light[2])),
    )


@dataclasses.dataclass
class Layer:
    """A picture in the stack; with `draw`, one that is drawn for every moment (seconds).

    With `depth` 0 the layer stands still when the camera pans, with 1 it moves like the foreground. `drift`
    is in pixels per second.
    """

    image: Image.Image | None
    depth: float = 0.0
    drift: float = 0.0
    draw: Callable[[float], Image.Image] | None = None

    def at(self, moment: float) -> Image.Image:
        """Return the picture at that moment."""
        if self.draw is not None:
            return self.draw(moment)
        assert self.image is not None  # noqa: S101  a layer has one of the two
        return self.image


def blank(size: tuple[int, int], colour: Colour = (0, 0, 0)) -> Image.Image:
    """Return a transparent layer; `colour` shows through soft edges."""
    return Image.new("RGBA", size, (*colour, 0))


def corners(outline: Outline) -> Sequence[Sequence[float]]:
    """Return the points of an outline.

    As text, points are thousandths of the unit square: `370,145 470,155! 575,250`, where ! marks a corner. As
    numbers, a corner has 1 as its third number.
    """
    if not isinstance(outline, str):
        return outline
    points = []
    for text in outline.split():
        x, y = (int(number) / 1000 for number in text.rstrip("!").split(","))
        points.append((x, y, 1.0) if text.endswith("!") else (x, y))
    return points


def curve(outline: Outline, steps: int = 12) -> list[Point]:
    """Return a closed smooth path through the points of the outline."""
    outline = corners(outline)
    points = [(p[0], p[1]) for p in outline]
    corner = [len(p) > 2 for p in outline]
    count = len(points)
    path: list[Point] = []
    for i in range(count):
        p1, p2 = points[i], points[(i + 1) % count]
        p0 = p1 if corner[i] else points[i - 1]
        p3 = p2 if corner[(i + 1) % count] else points[(i + 2) % count]
        for s in range(steps):
            t = s / steps
            path.append((_spline(p0[0], p1[0], p2[0], p3[0], t), _spline(p0[1], p1[1], p2[1], p3[1], t)))
    return path


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def ellipse(cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, steps: int = 40) -> list[Point]:
    """Return the outline of an ellipse, turned by `turn` radians."""
    cos, sin = math.cos(turn), math.sin(turn)
    angles = [2 * math.pi * i / steps for i in range(steps)]
    return [
        (
            cx + rx * math.cos(a) * cos - ry * math.sin(a) * sin,
            cy + rx * math.cos(a) * sin + ry * math.sin(a) * cos,
        )
        for a in angles
    ]


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Image.Image:
    """Return a vertical gradient through the stops (place from 0 to 1, colour)."""
    places = [place for place, _ in stops]
    at = np.linspace(0, 1, size[1])
    column = np.stack([np.interp(at, places, [c[i] for _, c in stops]) for i in range(3)], axis=1)
    # Half a step of dither avoids bands in wide gradients.
    noise = np.random.default_rng(1).random((size[1], 64, 1)) - 0.5
    strip = np.clip(column[:, None, :] + noise + 0.5, 0, 255).astype(np.uint8)
    wide = np.tile(strip, (1, -(-size[0] // 64), 1))[:, : size[0]]
    return Image.fromarray(np.ascontiguousarray(wide))


def mask(size: tuple[int, int], outlines: Sequence[Sequence[Point]], scale: int = 2) -> Image.Image:
    """Return the inside of the outlines as an antialiased mask."""
    big = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    draw = ImageDraw.Draw(big)
    for outline in outlines:
        draw.polygon([(x * scale, y * scale) for x, y in outline], fill=255)
    return big.reduce(scale)


def glow(
    size: tuple[int, int], at: Point, radius: float, colour: Colour, strength: float, power: float = 2.0
) -> Image.Image:
    """Return a soft light: full in the middle, zero at `radius` pixels."""
    small = (max(2, size[0] // 4), max(2, size[1] // 4))
    y, x = np.mgrid[0 : small[1], 0 : small[0]].astype(np.float32)
    away = np.hypot(x * 4 - at[0], y * 4 - at[1]) / radius
    alpha = np.clip(1 - away, 0, 1) ** power * strength * 255
    light = Image.new("RGBA", size, (*colour, 0))
    light.putalpha(Image.fromarray(alpha.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC))
    return light


def soft(image: Image.Image, radius: float) -> Image.Image:
    """Return the image blurred; a large radius is computed on a smaller picture."""
    factor = max(1, int(radius // 3))
    if factor == 1:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def noise_1d(
    rng: np.random.Generator, count: int, waves: float, octaves: int = 5, fall: float = 0.5
) -> Array:
    """Return a smooth line of `count` values around 0, about -1 to 1, with `waves` humps across."""
    x = np.linspace(0, 1, count, dtype=np.float32)
    line = np.zeros(count, dtype=np.float32)
    size = 1.0
    for octave in range(octaves):
        knots = rng.uniform(-1, 1, int(waves * 2**octave) + 4).astype(np.float32)
        at = x * waves * 2**octave + 1
        whole = at.astype(int)
        part = at - whole
        ease = part * part * (3 - 2 * part)
        line += size * (knots[whole] * (1 - ease) + knots[whole + 1] * ease)
        size *= fall
    return line


def noise_2d(rng: np.random.Generator, size: tuple[int, int], cells: int, octaves: int = 4) -> Array:
    """Return a smooth field of the size (width, height), from 0 to 1."""
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    weight = 1.0
    for octave in range(octaves):
        across = cells * 2**octave
        down = max(2, round(across * size[1] / size[0]))
        knots = Image.fromarray(rng.random((down + 2, across + 2), dtype=np.float32))
        total += weight * np.asarray(knots.resize(size, Image.Resampling.BICUBIC))
        weight *= 0.5
    low, high = float(total.min()), float(total.max())
    return ((total - low) / (high - low)).astype(np.float32)


def shade_of(size: tuple[int, int], vignette: float) -> Image.Image:
    """Return the factors that darken a picture's corners."""
    width, height = size
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    shade = 255 * (1 - vignette * np.clip((x * x + y * y) / 2, 0, 1) ** 1.5)
    grey = Image.fromarray(np.rint(shade).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey))


def finish(image: Image.Image, seed: int, grain: float = 3.0, vignette: float = 0.22) -> Image.Image:
    """Return the finished image, with dark corners and the grain of paper."""
    shaded = ImageChops.multiply(image.convert("RGB"), shade_of(image.size, vignette))
    tooth = np.random.default_rng(seed).standard_normal((image.height, image.width), dtype=np.float32)
    pixels = np.asarray(shaded, dtype=np.int16) + np.rint(tooth * grain).astype(np.int16)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
