"""The picture for a prompt without known words: a paper-cut relief; form and colours come from its hash."""

import colorsys

import numpy as np
from PIL import Image, ImageChops

from stand.renderer.canvas import Array, Colour, Layer, blank, ellipse, mask, mix, noise_2d, soft
from stand.renderer.words import Wish

LEVELS = 8


def _wheel(hue: float, saturation: float, value: float) -> Colour:
    r, g, b = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(r * 255), round(g * 255), round(b * 255)


def tones(rng: np.random.Generator, wish: Wish) -> list[Colour]:
    """Return colours from dark to light, and a contrasting one at the end."""
    hue = float(rng.random())
    if wish.scene_colour is not None or wish.subject_colour is not None:
        r, g, b = wish.scene_colour or wish.subject_colour or (0, 0, 0)
        hue = colorsys.rgb_to_hsv(r / 255, g / 255, b / 255)[0]
    turn = float(rng.choice([0.08, 0.14, -0.1, 0.2, -0.16]))
    row = [
        _wheel(
            hue + turn * i / (LEVELS - 1),
            0.78 - 0.5 * (i / (LEVELS - 1)) ** 1.4,
            0.26 + 0.7 * i / (LEVELS - 1),
        )
        for i in range(LEVELS)
    ]
    return [*row, mix(_wheel(hue + 0.47 + turn, 0.62, 0.95), (255, 240, 222), 0.25)]


def _field(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """Return the relief's height: noise, bent by rings, waves or a slope."""
    field = noise_2d(rng, size, int(rng.integers(2, 4)), 2)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) / max(size)
    kind, cx, cy = int(rng.integers(4)), rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)
    if kind == 0:
        field = field * 0.55 + np.hypot(x - cx, y - cy) * 0.9
    elif kind == 1:
        field = field * 0.5 + 0.25 * np.sin((x * 1.2 + y * 0.8) * 9 + field * 5) + y * 0.4
    elif kind == 2:
        angle = np.arctan2(y - cy, x - cx)
        field = field * 0.5 + 0.18 * np.sin(angle * int(rng.integers(3, 7)) + np.hypot(x - cx, y - cy) * 12)
    else:
        field = field * 0.7 + (x * rng.uniform(-1, 1) + y) * 0.5
    low, high = float(field.min()), float(field.max())
    level: Array = ((field - low) / (high - low)).astype(np.float32)
    return level


def layers(size: tuple[int, int], rng: np.random.Generator, wish: Wish) -> list[Layer]:
    """Return the relief from its ground up; each sheet shades the one below and moves with its height."""
    row = tones(rng, wish)
    if rng.random() < 0.5:
        row = [*reversed(row[:-1]), row[-1]]
    field = _field(rng, (size[0] // 2, size[1] // 2))
    big = Image.fromarray(field).resize(size, Image.Resampling.BICUBIC)
    heights = np.asarray(big)
    pages = [Layer(Image.new("RGBA", size, row[0]))]
    orb = int(rng.integers(2, LEVELS - 2))
    unit = min(size)
    slope = unit * 0.35
    for level in range(1, LEVELS):
        cut = level / LEVELS
        inside = Image.fromarray((np.clip((heights - cut) * slope + 0.5, 0, 1) * 255).astype(np.uint8))
        pages.append(Layer(_sheet(size, inside, row[level], row[level - 1]), level / LEVELS))
        if level == orb:
            pages.append(Layer(_disc(size, rng, row[-1]), level / LEVELS))
    return pages


def _sheet(size: tuple[int, int], inside: Image.Image, colour: Colour, below: Colour) -> Image.Image:
    reach = min(size) * 0.014
    dark = _lowered(soft(inside, reach), int(reach * 0.8)).point([v * 9 // 20 for v in range(256)])
    page = blank(size, mix(below, (10, 4, 30), 0.85))
    page.putalpha(dark)
    light = ImageChops.subtract(inside, _lowered(inside, max(1, min(size) // 340)))
    page.paste(Image.new("RGB", size, colour), mask=inside)
    page.paste(Image.new("RGB", size, mix(colour, (255, 255, 255), 0.45)), mask=light)
    return page


def _lowered(inside: Image.Image, pixels: int) -> Image.Image:
    lower = inside.copy()
    lower.paste(inside, (0, pixels))
    return lower


def _disc(size: tuple[int, int], rng: np.random.Generator, colour: Colour) -> Image.Image:
    r = min(size) * rng.uniform(0.1, 0.2)
    inside = mask(
        size, [ellipse(rng.uniform(0.25, 0.75) * size[0], rng.uniform(0.25, 0.7) * size[1], r, r, steps=90)]
    )
    return _sheet(size, inside, colour, mix(colour, (0, 0, 0), 0.5))
