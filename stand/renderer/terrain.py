"""Land, water and towns, from the horizon to the front: each part a layer of cut paper."""

import numpy as np
from PIL import Image

from stand.renderer.canvas import (
    Array,
    Colour,
    Layer,
    Point,
    blank,
    gradient,
    mask,
    mix,
    noise_1d,
    soft,
)
from stand.renderer.palette import Palette

Size = tuple[int, int]


def sheet(
    size: Size, edge: Array, top: Colour, bottom: Colour, span: float, shadow: float = 0.35
) -> Image.Image:
    """Return paper below the line `edge`, shaded over `span` pixels.

    `edge` has pixels from the top, one value per 2 columns.
    """
    width, height = size
    xs = np.linspace(0, width, len(edge))
    outline = [
        *zip(xs.tolist(), edge.tolist(), strict=True),
        (float(width), float(height)),
        (0.0, float(height)),
    ]
    inside = mask(size, [outline])
    crest = int(max(0, float(edge.min())))
    run = max(2, min(height - crest, int(span + float(edge.max() - edge.min()))))
    colour = Image.new("RGB", size, bottom)
    colour.paste(gradient((width, run), [(0, top), (1, bottom)]), (0, crest))
    layer = blank(size, bottom)
    if shadow:
        # The paper behind is darker near the edge, as if this sheet stood a little in front of it.
        dark = soft(inside, min(size) * 0.012).point([int(v * shadow) for v in range(256)])
        layer = Image.new("RGBA", size, (*mix(bottom, (8, 8, 24), 0.75), 0))
        layer.putalpha(dark)
    layer.paste(colour, mask=inside)
    return layer


def hills(rng: np.random.Generator, size: Size, base: float, swing: float, waves: float) -> Array:
    """Return a soft line of hills around `base`, `swing` high (shares of the height)."""
    line = noise_1d(rng, size[0] // 2, waves, 3, 0.35)
    return ((base - swing * line) * size[1]).astype(np.float32)


def peaks(rng: np.random.Generator, size: Size, base: float, swing: float, waves: float) -> Array:
    """Return a jagged line of mountains on `base` (shares of the height)."""
    count = size[0] // 2
    x = np.linspace(0, waves, count, dtype=np.float32) + rng.random()
    shift = noise_1d(rng, count, waves, 2) * 0.35
    tooth = np.abs(((x + shift) % 1) * 2 - 1)
    heights = rng.uniform(0.45, 1.0, int(waves) + 3)
    tall = np.interp(x, np.arange(len(heights)), heights)
    rough = noise_1d(rng, count, waves * 5, 3, 0.55) * 0.09
    line: Array = ((base - swing * (tooth**1.15 * tall + rough)) * size[1]).astype(np.float32)
    return line


def range_of_mountains(
    rng: np.random.Generator, size: Size, palette: Palette, base: float, nearness: float, *, snowy: bool
) -> Image.Image:
    """Return a mountain range with a lit and a shaded side, and snow on its peaks."""
    edge = peaks(rng, size, base, 0.34 - 0.1 * nearness, 2.2 + 1.6 * nearness)
    colour = mix(palette.far, palette.land(0.75), 0.15 + 0.55 * nearness)
    layer = sheet(size, edge, colour, mix(colour, palette.low, 0.55), size[1] * 0.2)
    shade, cap = _faces(rng, size, edge)
    dark = Image.new("RGB", size, mix(colour, palette.top, 0.6))
    layer.paste(dark, mask=shade.point([v * 110 // 255 for v in range(256)]))
    if snowy:
        snow = palette.lit(mix((250, 252, 255), palette.low, 0.25 * (1 - nearness)))
        layer.paste(Image.new("RGB", size, snow), mask=cap)
        both = Image.new("RGB", size, mix(snow, palette.top, 0.38))
        layer.paste(both, mask=Image.composite(shade, Image.new("L", size, 0), cap))
    return layer


def _faces(rng: np.random.Generator, size: Size, edge: Array) -> tuple[Image.Image, Image.Image]:
    """Return masks of the sides that face away from the light, and of the peaks."""
    width, height = size
    xs = np.linspace(0, width, len(edge))
    tops = [i for i in range(4, len(edge) - 4) if edge[i] <= edge[i - 4 : i + 5].min()]
    zigzag = noise_1d(rng, len(edge), 26, 2) * height * 0.018
    sides: list[list[Point]] = []
    for i in tops:
        foot = i
        while foot < len(edge) - 1 and edge[foot + 1] >= edge[foot] - 0.8:
            foot += 1
        ridge = [(float(xs[i]), float(edge[i]))]
        drop = float(edge[foot] - edge[i])
        for s in range(1, 7):
            sway = (0.05 if s % 2 else -0.05) * drop + s * 0.02 * drop
            ridge.append((float(xs[i]) + sway, float(edge[i]) + drop * s / 6 + height * 0.05 * s / 6))
        rim = [(float(xs[j]), float(edge[j])) for j in range(i, foot + 1)]
        sides.append([*rim, (float(xs[foot]), float(edge[foot]) + height * 0.05), *reversed(ridge)])
    line = float(np.quantile(edge, 0.42))
    lower = np.maximum(edge, line + zigzag)
    head = [*zip(xs.tolist(), edge.tolist(), strict=True)]
    head += reversed([*zip(xs.tolist(), lower.tolist(), strict=True)])
    return mask(size, sides), mask(size, [head])


def dunes(rng: np.random.Generator, size: Size, palette: Palette, horizon: float) -> list[Layer]:
    """Return sand in long waves, each with a lit crest."""
    layers = []
    for i in range(4):
        share = i / 3
        base = horizon + 0.02 + (0.92 - horizon) * share * 0.8
        edge = hills(rng, size, base, 0.05 + 0.03 * share, 1.3 + rng.random())
        colour = palette.land(0.3 + 0.7 * share)
        crest = palette.lit(mix(colour, (255, 232, 190), 0.42))
        layers.append(Layer(sheet(size, edge, crest, colour, size[1] * 0.16), 0.15 + 0.6 * share))
    return layers
