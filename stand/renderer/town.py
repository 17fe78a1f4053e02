"""The city: rows of houses whose windows are lit when it is dark."""

import numpy as np
from PIL import Image, ImageDraw

from stand.renderer import terrain
from stand.renderer.canvas import Colour, Layer, blank, glow, gradient, mix, rgb
from stand.renderer.place import Place, Site, lamp_at

Size = tuple[int, int]


def skyline(
    rng: np.random.Generator, size: Size, base: float, tall: float, colour: Colour, lights: Colour | None
) -> Image.Image:
    """Return houses and towers with lit windows on `base`, up to `tall` high (shares of the height)."""
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
            draw.line(
                (x + width / 2, top - width, x + width / 2, top), fill=255, width=max(1, size[0] // 400)
            )
        panes.append((x, top, width))
        x += width * rng.uniform(0.9, 1.08)
    body = gradient(
        size,
        [(0, mix(colour, (255, 255, 255), 0.05)), (base, mix(colour, (255, 255, 255), 0.16)), (1, colour)],
    )
    layer.paste(body, mask=inside)
    if lights is not None:
        _windows(rng, layer, panes, foot, lights)
    return layer


def _windows(
    rng: np.random.Generator,
    layer: Image.Image,
    panes: list[tuple[float, float, float]],
    foot: int,
    lights: Colour,
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
                    draw.rectangle(
                        (left, y, left + step * 0.5, y + step * 0.75),
                        fill=(*tone, int(rng.uniform(120, 255))),
                    )
            y += step * 1.45


def city(site: Site) -> Place:
    """Build three rows of houses; their windows are lit when it is dark."""
    size, rng, wish, palette = site
    horizon = 0.74
    dark = palette.dark or wish.time in ("sunset",) or wish.weather in ("rain", "storm")
    lights = rgb("#ffd98a") if dark else None
    layers = []
    for share, tall in ((0.0, 0.5), (0.5, 0.42), (1.0, 0.3)):
        colour = mix(mix(palette.low, palette.far, 0.5), palette.near, 0.2 + 0.75 * share)
        row = skyline(rng, size, horizon + 0.06 * share, tall, colour, lights if share else None)
        layers.append(Layer(row, 0.12 + 0.4 * share))
        if dark:
            haze = mix(palette.low, rgb("#ff9a6a"), 0.4)
            layers.append(
                Layer(
                    glow(size, (size[0] / 2, horizon * size[1]), size[0] * 0.7, haze, 0.28),
                    0.12 + 0.4 * share,
                )
            )
    street = mix(palette.near, (12, 12, 24), 0.35)
    edge = np.full(size[0] // 2, size[1] * 0.86, np.float32)
    layers.append(
        Layer(terrain.sheet(size, edge, mix(street, palette.low, 0.22), street, size[1] * 0.1), 0.8)
    )
    if lights is not None:
        layers.append(Layer(_lamplight(size, rng), 0.8))
    return Place(horizon, 0.95, lamp_at(size, rng, 0.5), layers)


def _lamplight(size: Size, rng: np.random.Generator) -> Image.Image:
    """Return the reflection of the windows in the wet street."""
    layer = blank(size, (255, 210, 140))
    for x in rng.uniform(0, 1, 9):
        tone = rgb(("#ffd98a", "#ff8f6b", "#7fd4ff", "#ff7fb6")[int(rng.integers(4))])
        spot = glow(size, (float(x) * size[0], size[1] * 0.93), size[1] * 0.12, tone, 0.35)
        layer.alpha_composite(spot)
    horizon = int(size[1] * 0.86)
    layer.paste((0, 0, 0, 0), (0, 0, size[0], horizon))
    return layer
