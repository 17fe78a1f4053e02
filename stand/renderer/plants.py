"""Plants in rows and at the edges: firs, hedges, cacti, grass and weed."""

import numpy as np
from PIL import Image

from stand.renderer.canvas import (
    Array,
    Colour,
    Layer,
    Point,
    blank,
    curve,
    ellipse,
    gradient,
    mask,
    mix,
    rgb,
)
from stand.renderer.palette import Palette

Size = tuple[int, int]


def pine(cx: float, foot: float, tall: float, lean: float = 0.0) -> list[list[Point]]:
    """Return a fir of stacked triangles with drooping branches."""
    outlines: list[list[Point]] = []
    tiers = 4
    for tier in range(tiers):
        top = foot - tall + tall * 0.2 * tier
        bottom = top + tall * (0.27 + 0.07 * tier)
        half = tall * (0.09 + 0.055 * tier)
        tip = cx + lean * (tiers - tier)
        outlines.append(
            [
                (tip, top),
                (cx + half * 0.45, (top + bottom) / 2),
                (cx + half, bottom),
                (cx + half * 0.3, bottom - tall * 0.025),
                (cx, bottom - tall * 0.012),
                (cx - half * 0.3, bottom - tall * 0.025),
                (cx - half, bottom),
                (cx - half * 0.45, (top + bottom) / 2),
            ]
        )
    trunk = tall * 0.025
    outlines.append(
        [
            (cx - trunk, foot - tall * 0.2),
            (cx + trunk, foot - tall * 0.2),
            (cx + trunk, foot),
            (cx - trunk, foot),
        ]
    )
    return outlines


def snow_on(fir: list[list[Point]], cx: float, tall: float) -> list[list[Point]]:
    """Return the snow on a `pine`: the upper side of each tier, with a ragged edge."""
    caps: list[list[Point]] = []
    for tier in fir[:-1]:
        tip, right, left = tier[0], tier[2], tier[6]
        y = (tip[1] + right[1]) / 2
        caps.append(
            [
                tip,
                tier[1],
                (right[0] - tall * 0.025, right[1] - tall * 0.03),
                (cx + (right[0] - cx) * 0.45, y + tall * 0.05),
                (cx + (right[0] - cx) * 0.2, right[1] - tall * 0.05),
                (cx, y + tall * 0.02),
                (cx - (cx - left[0]) * 0.3, y + tall * 0.05),
                tier[7],
            ]
        )
    return caps


def firs(
    rng: np.random.Generator,
    size: Size,
    edge: Array,
    colour: Colour,
    tall: float,
    gap: float,
    *,
    snow: Colour | None,
) -> Image.Image:
    """Return firs along the line `edge`, with snow if its colour is given; `tall` and `gap` are in pixels."""
    layer = blank(size, colour)
    outlines: list[list[Point]] = []
    tops: list[list[Point]] = []
    x = -gap
    while x < size[0] + gap:
        x += gap * rng.uniform(0.5, 1.3)
        at = min(len(edge) - 1, max(0, int(x / size[0] * (len(edge) - 1))))
        height = tall * rng.uniform(0.6, 1.15)
        fir = pine(x, float(edge[at]) + tall * 0.05, height)
        outlines += fir
        tops += snow_on(fir, x, height)
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, outlines))
    if snow is not None:
        layer.paste(
            Image.new("RGB", size, snow), mask=mask(size, tops).point([v * 3 // 5 for v in range(256)])
        )
    return layer


def cactus(cx: float, foot: float, tall: float) -> list[list[Point]]:
    """Return a saguaro with two arms."""
    w = tall * 0.085
    stem = [
        *ellipse(cx, foot - tall + w, w, w),
    ]
    outlines = [stem, [(cx - w, foot), (cx - w, foot - tall + w), (cx + w, foot - tall + w), (cx + w, foot)]]
    for side, at, rise in ((-1, 0.42, 0.3), (1, 0.55, 0.24)):
        y, x, a = foot - tall * at, cx + side * tall * 0.22, w * 0.72
        outlines.append([(cx, y - a), (x + side * a, y - a), (x + side * a, y + a), (cx, y + a)])
        outlines.append([(x - a, y), (x - a, y - tall * rise), (x + a, y - tall * rise), (x + a, y)])
        outlines.append(ellipse(x, y - tall * rise, a, a))
        outlines.append(ellipse(x + side * a * 0.1, y, a, a))
    return outlines


def frame(size: Size, rng: np.random.Generator, palette: Palette, snow: Colour | None) -> Layer:
    """Return tall firs at both sides, close to the viewer."""
    colour = mix(palette.lit(rgb("#14404a")), palette.top, 0.15)
    layer = blank(size, colour)
    for x, tall in ((0.1, 0.5), (0.92, 0.56), (-0.01, 0.62), (1.02, 0.66)):
        at = (x + rng.uniform(-0.03, 0.03)) * size[0]
        height = size[1] * tall * rng.uniform(0.9, 1.1)
        fir = pine(at, size[1] * (0.72 + 0.3 * tall), height)
        tone = gradient(size, [(0.2, mix(colour, palette.low, 0.18)), (1, mix(colour, (0, 0, 0), 0.25))])
        layer.paste(tone, mask=mask(size, fir))
        if snow is not None:
            light = mask(size, snow_on(fir, at, height)).point([v * 3 // 4 for v in range(256)])
            layer.paste(Image.new("RGB", size, mix(snow, colour, 0.12)), mask=light)
    return Layer(layer, 0.9)


def round_trees(
    rng: np.random.Generator, size: Size, edge: Array, colour: Colour, tall: float
) -> Image.Image:
    layer = blank(size, colour)
    outlines = []
    x = 0.0
    while x < size[0]:
        x += tall * rng.uniform(0.4, 3.2)
        foot = float(edge[min(len(edge) - 1, int(x / size[0] * (len(edge) - 1)))])
        r = tall * rng.uniform(0.35, 0.6)
        outlines += [
            ellipse(x, foot - r, r, r * 1.25),
            ellipse(x + r * 0.7, foot - r * 0.6, r * 0.7, r * 0.8),
        ]
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, outlines))
    return layer


def grass(size: Size, rng: np.random.Generator, palette: Palette) -> Layer:
    """Return grass and blossoms at the lower edge."""
    colour = palette.lit(mix(palette.near, (6, 26, 20), 0.45))
    layer = blank(size, colour)
    blades, petals, hearts = [], [], []
    unit = min(size) / 512
    for x in np.arange(-10, size[0] + 10, 5 * unit):
        tall, lean = rng.uniform(14, 46) * unit, rng.normal(0, 9) * unit
        foot = float(size[1]) + 4
        blades.append(
            [
                (x - 2 * unit, foot),
                (x + lean * 0.4 - unit, foot - tall * 0.6),
                (x + lean, foot - tall),
                (x + lean * 0.4 + unit, foot - tall * 0.6),
                (x + 2.4 * unit, foot),
            ]
        )
        if rng.random() < 0.12:
            cx, cy, r = x + lean, foot - tall - rng.uniform(0, 18) * unit, rng.uniform(2.2, 4.2) * unit
            blades.append([(x - unit, foot), (cx, cy), (x + unit, foot)])
            for k in range(5):
                a = k * 1.2566 + rng.random()
                petals.append(ellipse(cx + np.cos(a) * r, cy + np.sin(a) * r, r * 0.85, r * 0.85, steps=12))
            hearts.append(ellipse(cx, cy, r * 0.6, r * 0.6, steps=12))
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, blades))
    bloom = rgb(("#f6e7ef", "#f7c948", "#ee7f8f", "#b79be8")[int(rng.integers(4))])
    layer.paste(Image.new("RGB", size, palette.lit(bloom)), mask=mask(size, petals))
    layer.paste(Image.new("RGB", size, palette.lit(rgb("#e8a33a"))), mask=mask(size, hearts))
    return Layer(layer, 1.0)


def weed(size: Size, rng: np.random.Generator, edge: Array, share: float) -> Image.Image:
    layer = blank(size)
    for x in rng.uniform(0, 1, 7):
        foot = float(edge[int(x * (len(edge) - 1))]) + size[1] * 0.03
        tall = size[1] * rng.uniform(0.08, 0.2) * (0.6 + share)
        tone = rgb(("#1f8a6b", "#e8657a", "#f09a4a", "#7d5bd0")[int(rng.integers(4))])
        tone = mix(tone, (6, 40, 80), 0.62 - 0.4 * share)
        blades = []
        for k in range(5):
            sway, root = (
                rng.normal(0, 0.22) * tall + (k - 2) * tall * 0.13,
                x * size[0] + (k - 2) * tall * 0.05,
            )
            w = tall * 0.06
            blades.append(
                curve(
                    [
                        (root - w, foot),
                        (root - w + sway * 0.5, foot - tall * 0.5),
                        (root + sway, foot - tall * rng.uniform(0.75, 1.1)),
                        (root + w + sway * 0.5, foot - tall * 0.5),
                        (root + w, foot),
                    ]
                )
            )
        layer.paste(Image.new("RGB", size, tone), mask=mask(size, blades))
    return layer
