"""The land, the water and the towns, from the horizon to the front: each part a layer of cut paper."""

import numpy as np
from PIL import Image, ImageDraw

from sandbox.renderer.canvas import Array, Colour, Layer, Point, blank, ellipse, gradient, mask, mix, noise_1d, soft
from sandbox.renderer.palette import Palette

Size = tuple[int, int]


def sheet(size: Size, edge: Array, top: Colour, bottom: Colour, span: float, shadow: float = 0.35) -> Image.Image:
    """Paper below the line `edge` (pixels from the top, one per 2 columns), shaded over `span` pixels."""
    width, height = size
    xs = np.linspace(0, width, len(edge))
    outline = [*zip(xs.tolist(), edge.tolist(), strict=True), (float(width), float(height)), (0.0, float(height))]
    inside = mask(size, [outline])
    crest = int(max(0, float(edge.min())))
    run = max(2, min(height - crest, int(span + float(edge.max() - edge.min()))))
    colour = Image.new("RGB", size, bottom)
    colour.paste(gradient((width, run), [(0, top), (1, bottom)]), (0, crest))
    layer = blank(size, bottom)
    if shadow:
        # What lies behind is darker near the edge, as if this sheet stood a little in front of it.
        dark = soft(inside, min(size) * 0.012).point([int(v * shadow) for v in range(256)])
        layer = Image.new("RGBA", size, (*mix(bottom, (8, 8, 24), 0.75), 0))
        layer.putalpha(dark)
    layer.paste(colour, mask=inside)
    return layer


def hills(rng: np.random.Generator, size: Size, base: float, swing: float, waves: float) -> Array:
    """A soft line of hills around `base`, `swing` high (shares of the height)."""
    line = noise_1d(rng, size[0] // 2, waves, 3, 0.35)
    return ((base - swing * line) * size[1]).astype(np.float32)


def peaks(rng: np.random.Generator, size: Size, base: float, swing: float, waves: float) -> Array:
    """A jagged line of mountains that stand on `base` (shares of the height)."""
    count = size[0] // 2
    x = np.linspace(0, waves, count, dtype=np.float32) + rng.random()
    shift = noise_1d(rng, count, waves, 2) * 0.35
    tooth = np.abs(((x + shift) % 1) * 2 - 1)
    heights = rng.uniform(0.45, 1.0, int(waves) + 3)
    tall = np.interp(x, np.arange(len(heights)), heights)
    rough = noise_1d(rng, count, waves * 5, 3, 0.55) * 0.09
    return ((base - swing * (tooth**1.15 * tall + rough)) * size[1]).astype(np.float32)


def range_of_mountains(
    rng: np.random.Generator, size: Size, palette: Palette, base: float, nearness: float, *, snowy: bool
) -> Image.Image:
    """A chain with a lit and a shaded side, and snow on its heads."""
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
    """Masks: the sides that look away from the light, and the heads."""
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


def pine(cx: float, foot: float, tall: float, lean: float = 0.0) -> list[list[Point]]:
    """A fir of stacked triangles with drooping arms."""
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
    outlines.append([(cx - trunk, foot - tall * 0.2), (cx + trunk, foot - tall * 0.2), (cx + trunk, foot), (cx - trunk, foot)])
    return outlines


def firs(
    rng: np.random.Generator, size: Size, edge: Array, colour: Colour, tall: float, gap: float, *, snow: Colour | None
) -> Image.Image:
    """A stand of firs on the line `edge`; `tall` and `gap` in pixels, with snow on the arms where given."""
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
        for tier in fir[:-1]:
            tops.append([tier[0], tier[1], (tier[2][0] - height * 0.03, tier[2][1] - height * 0.035), (x, tier[0][1] + height * 0.16), tier[7]])
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, outlines))
    if snow is not None:
        layer.paste(Image.new("RGB", size, snow), mask=mask(size, tops).point([v * 3 // 5 for v in range(256)]))
    return layer


def skyline(
    rng: np.random.Generator, size: Size, base: float, tall: float, colour: Colour, lights: Colour | None
) -> Image.Image:
    """Houses and towers that stand on `base`, up to `tall` high (shares of the height), with lit windows."""
    layer = blank(size, colour)
    inside = Image.new("L", size, 0)
    draw, panes = ImageDraw.Draw(inside), []
    x = -size[0] * 0.02
    foot = int(base * size[1])
    while x < size[0]:
        width = size[0] * rng.uniform(0.035, 0.085)
        height = size[1] * tall * rng.uniform(0.3, 1.0)
        top = foot - height
        draw.rectangle((x, top, x + width, size[1]), fill=255)
        kind = int(rng.integers(4))
        if kind == 0:
            draw.polygon([(x, top), (x + width / 2, top - width * 0.8), (x + width, top)], fill=255)
        elif kind == 1:
            draw.rectangle((x + width * 0.25, top - width * 0.35, x + width * 0.75, top), fill=255)
            draw.line((x + width / 2, top - width, x + width / 2, top), fill=255, width=max(1, size[0] // 400))
        panes.append((x, top, width))
        x += width * rng.uniform(0.9, 1.08)
    body = gradient(size, [(0, mix(colour, (255, 255, 255), 0.05)), (base, mix(colour, (255, 255, 255), 0.16)), (1, colour)])
    layer.paste(body, mask=inside)
    if lights is not None:
        _windows(rng, layer, panes, foot, lights)
    return layer


def _windows(
    rng: np.random.Generator, layer: Image.Image, panes: list[tuple[float, float, float]], foot: int, lights: Colour
) -> None:
    draw = ImageDraw.Draw(layer)
    for x, top, width in panes:
        columns = max(2, int(width / layer.width * 90))
        step = width / (columns + 1)
        y = top + step
        while y < foot + step * 4:
            for column in range(columns):
                if rng.random() < 0.42:
                    left = x + step * (column + 0.7)
                    tone = mix(lights, (255, 120, 90), float(rng.random()) * 0.4)
                    draw.rectangle((left, y, left + step * 0.5, y + step * 0.75), fill=(*tone, int(rng.uniform(120, 255))))
            y += step * 1.45


def dunes(rng: np.random.Generator, size: Size, palette: Palette, horizon: float) -> list[Layer]:
    """Sand in long waves, each with a lit crest."""
    layers = []
    for i in range(4):
        share = i / 3
        base = horizon + 0.02 + (0.92 - horizon) * share * 0.8
        edge = hills(rng, size, base, 0.05 + 0.03 * share, 1.3 + rng.random())
        colour = palette.land(0.3 + 0.7 * share)
        crest = palette.lit(mix(colour, (255, 232, 190), 0.42))
        layers.append(Layer(sheet(size, edge, crest, colour, size[1] * 0.16), 0.15 + 0.6 * share))
    return layers


def cactus(cx: float, foot: float, tall: float) -> list[list[Point]]:
    """A saguaro with two arms."""
    w = tall * 0.085
    stem = [*ellipse(cx, foot - tall + w, w, w), ]
    outlines = [stem, [(cx - w, foot), (cx - w, foot - tall + w), (cx + w, foot - tall + w), (cx + w, foot)]]
    for side, at, rise in ((-1, 0.42, 0.3), (1, 0.55, 0.24)):
        y, x, a = foot - tall * at, cx + side * tall * 0.22, w * 0.72
        outlines.append([(cx, y - a), (x + side * a, y - a), (x + side * a, y + a), (cx, y + a)])
        outlines.append([(x - a, y), (x - a, y - tall * rise), (x + a, y - tall * rise), (x + a, y)])
        outlines.append(ellipse(x, y - tall * rise, a, a))
        outlines.append(ellipse(x + side * a * 0.1, y, a, a))
    return outlines
