"""The sky: its light, the sun or the moon, stars, clouds and northern lights."""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from stand.renderer.canvas import (
    Colour,
    Layer,
    Point,
    blank,
    ellipse,
    glow,
    gradient,
    mask,
    mix,
    noise_1d,
    noise_2d,
    soft,
)
from stand.renderer.palette import Palette

Size = tuple[int, int]


def backdrop(size: Size, palette: Palette, horizon: float) -> Image.Image:
    """Return the sky's gradient; below the horizon its colour stays the same."""
    stops = [(0.0, palette.top), (horizon * 0.62, palette.middle), (horizon, palette.low), (1.0, palette.low)]
    return gradient(size, stops).convert("RGBA")


def stars(size: Size, rng: np.random.Generator, count: int, bottom: float) -> Image.Image:
    """Return `count` stars, thinner towards `bottom` (a share of the height)."""
    layer = blank(size, (255, 255, 255))
    draw = ImageDraw.Draw(layer)
    unit = min(size) / 512
    for _ in range(count):
        x, y = rng.random() * size[0], rng.random() ** 1.4 * bottom * size[1]
        bright = rng.random() ** 3
        r = (0.5 + 1.2 * bright) * unit
        alpha = int(90 + 165 * bright)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 252, 240, alpha))
        if bright > 0.8:
            far = r * 4
            draw.line((x - far, y, x + far, y), fill=(255, 252, 240, 70), width=1)
            draw.line((x, y - far, x, y + far), fill=(255, 252, 240, 70), width=1)
    return layer


def lamp(size: Size, palette: Palette, at: Point, radius: float, *, moon: bool) -> Image.Image:
    """Return the sun or the moon with its halo; `at` and `radius` are in pixels."""
    halo = mix(palette.lamp, palette.low, 0.35)
    sky = glow(size, at, radius * 7, halo, 0.55 if moon else 0.75, 2.2)
    sky.alpha_composite(glow(size, at, radius * 2.6, palette.lamp, 0.55, 2.0))
    disc = mask(size, [ellipse(at[0], at[1], radius, radius, steps=90)], 3)
    face = Image.new("RGB", size, palette.lamp)
    if moon:
        draw = ImageDraw.Draw(face)
        for dx, dy, r in ((-0.3, -0.25, 0.28), (0.35, 0.1, 0.2), (-0.1, 0.45, 0.22), (0.25, -0.5, 0.12)):
            x, y, spot = at[0] + dx * radius, at[1] + dy * radius, r * radius
            draw.ellipse((x - spot, y - spot, x + spot, y + spot), fill=mix(palette.lamp, palette.low, 0.16))
    sky.paste(face, mask=disc)
    return sky


def clouds(size: Size, rng: np.random.Generator, palette: Palette, count: int, low: float) -> Image.Image:
    """Return flat-bottomed paper clouds above `low` (a share of the height)."""
    layer = blank(size, palette.low)
    white = mix(palette.low, (255, 255, 255), 0.12 if palette.dark else 0.62)
    for i in range(count):
        cy = (0.1 + 0.8 * (i + rng.random() * 0.7) / count) * low * size[1]
        cx = rng.random() * size[0]
        width = min(size) * rng.uniform(0.2, 0.42) * (0.6 + 0.4 * cy / (low * size[1]))
        cloud = mask(size, _cloud(cx, cy, width, rng), 2)
        body = gradient(
            (size[0], max(2, int(width * 0.55))), [(0, white), (1, mix(white, palette.low, 0.75))]
        )
        sheet = Image.new("RGB", size, mix(white, palette.low, 0.75))
        sheet.paste(body, (0, int(cy - width * 0.34)))
        alpha = 150 if palette.dark else 225
        layer.paste(sheet, mask=cloud.point([v * alpha // 255 for v in range(256)]))
    return layer


def _cloud(cx: float, cy: float, width: float, rng: np.random.Generator) -> list[list[Point]]:
    """Return puffs on one base line, cut flat at that line."""
    outline: list[list[Point]] = []
    puffs = 5
    for i in range(puffs):
        share = (i + 0.5) / puffs * 2 - 1
        r = width * (0.1 + 0.16 * (1 - share * share)) * rng.uniform(0.85, 1.15)
        x = cx + share * width * 0.42
        outline.append([(px, min(py, cy)) for px, py in ellipse(x, cy - r * 0.25, r * 1.15, r)])
    return outline


def aurora(size: Size, rng: np.random.Generator, phase: float = 0.0) -> Image.Image:
    """Return curtains of green and violet light at the given phase (radians) of their waving."""
    width, height = size[0] // 3, size[1] // 3
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y /= height
    x /= width
    red, green, blue = (np.zeros((height, width), np.float32) for _ in range(3))
    for band in range(3):
        a, b = rng.uniform(0, 6.28, 2)
        fold = np.sin(x * 5 + a + phase) * 0.06 + np.sin(x * 11 + b - phase) * 0.025
        foot = 0.34 + 0.1 * band + fold
        rise = np.clip((foot - y) / 0.32, 0, 1)
        light = np.where(y < foot, (1 - rise) ** 1.6, np.exp(-((y - foot) * 40)))
        light *= 0.5 + 0.5 * np.sin(x * (26 + 9 * band) + a * 3 + phase * 2) ** 2
        red += light * (0.25 + 0.5 * rise)
        green += light * (1.0 - 0.55 * rise)
        blue += light * (0.55 + 0.4 * rise)
    total = np.stack([red, green, blue], axis=-1)
    alpha = np.clip(total.max(axis=-1, keepdims=True) * 0.62, 0, 0.85)
    colour = np.clip(total / np.maximum(total.max(axis=-1, keepdims=True), 1e-3) * 255, 0, 255)
    pixels = np.concatenate([colour, alpha * 255], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA").resize(size, Image.Resampling.BICUBIC)


def nebula(size: Size, rng: np.random.Generator, tones: list[Colour]) -> Image.Image:
    """Return clouds of coloured gas on black."""
    small = (size[0] // 4, size[1] // 4)
    picture = np.zeros((small[1], small[0], 3), np.float32)
    for tone in tones:
        field = np.clip(noise_2d(rng, small, 3, 5) * 2.2 - 0.95, 0, 1) ** 1.5
        picture += field[..., None] * np.array(tone, np.float32) * 0.85
    base = np.array([8, 8, 26], np.float32)
    image = Image.fromarray(np.clip(picture + base, 0, 255).astype(np.uint8))
    return image.resize(size, Image.Resampling.BICUBIC).convert("RGBA")


def flock(size: Size, rng: np.random.Generator, count: int, colour: Colour) -> Layer:
    """Return distant birds, each a pair of wings."""
    layer = blank(size, colour)
    draw = ImageDraw.Draw(layer)
    cx, cy = rng.uniform(0.25, 0.75) * size[0], rng.uniform(0.15, 0.35) * size[1]
    unit = min(size) / 512
    for _ in range(count):
        x, y = cx + rng.normal(0, 60) * unit, cy + rng.normal(0, 26) * unit
        span = rng.uniform(5, 10) * unit
        lift = rng.uniform(0.25, 0.6) * span
        wing = [(x - span, y - lift), (x - span * 0.4, y - lift * 0.9), (x, y)]
        other = [(2 * x - px, py) for px, py in wing]
        draw.line(wing, fill=(*colour, 220), width=max(1, round(1.6 * unit)), joint="curve")
        draw.line(other, fill=(*colour, 220), width=max(1, round(1.6 * unit)), joint="curve")
    return Layer(layer, 0.1)


def bolt(size: Size, rng: np.random.Generator, bottom: float) -> Image.Image:
    """Return a flash of lightning with its glow, down to `bottom` (a share of the height)."""
    x, steps = rng.uniform(0.25, 0.75) * size[0], 14
    offsets = noise_1d(rng, steps + 1, 5, 2) * size[0] * 0.05
    points = [
        (x + float(offsets[i]) + i * size[0] * 0.006, size[1] * bottom * i / steps) for i in range(steps + 1)
    ]
    line = Image.new("L", size, 0)
    draw = ImageDraw.Draw(line)
    unit = min(size) / 512
    draw.line(points, fill=255, width=max(2, round(3 * unit)), joint="curve")
    left, top = points[6]
    fork = [(left + i * 12 * unit * math.cos(i), top + i * 16 * unit) for i in range(6)]
    draw.line(fork, fill=190, width=max(1, round(1.6 * unit)), joint="curve")
    light = blank(size, (235, 240, 255))
    around = soft(line, 9 * unit).point([min(255, v * 3) for v in range(256)])
    light.putalpha(ImageChops.lighter(line, around))
    return light
