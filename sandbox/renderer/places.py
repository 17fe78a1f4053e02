"""The places of the word list, each built of layers around a spot where a subject can stand."""

import dataclasses
from collections.abc import Callable

import numpy as np
from PIL import Image

from sandbox.renderer import sky, terrain
from sandbox.renderer.canvas import Array, Colour, Layer, Point, blank, curve, glow, gradient, mask, mix, rgb
from sandbox.renderer.palette import Palette
from sandbox.renderer.sea import Sea
from sandbox.renderer.words import Wish

Size = tuple[int, int]


@dataclasses.dataclass
class Place:
    """A built place: horizon and ground (shares of the height), the lamp's spot in pixels."""

    horizon: float
    ground: float
    lamp: Point
    layers: list[Layer]
    front: list[Layer] = dataclasses.field(default_factory=list)
    own_sky: bool = False
    afloat: bool = False


Builder = Callable[[Size, np.random.Generator, Wish, Palette], Place]


def build(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """The place of the wish."""
    return BUILDERS[wish.place or "meadow"](size, rng, wish, palette)


def _lamp(size: Size, rng: np.random.Generator, horizon: float, *, low: bool = False) -> Point:
    side = rng.uniform(0.62, 0.8) if rng.random() < 0.5 else rng.uniform(0.2, 0.38)
    return float(side * size[0]), float((horizon - 0.06 if low else rng.uniform(0.17, 0.28)) * size[1])


def _low_sun(wish: Wish) -> bool:
    return wish.time in ("sunset", "dawn")


def _ground(rng: np.random.Generator, size: Size, palette: Palette, base: float, nearness: float) -> tuple[Image.Image, Array]:
    edge = terrain.hills(rng, size, base, 0.035, 1.6 + rng.random())
    colour = palette.land(nearness)
    top = palette.lit(mix(colour, palette.low, 0.28))
    return terrain.sheet(size, edge, top, mix(colour, palette.top, 0.22), size[1] * 0.3), edge


def mountain(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Three chains, foothills with firs, a clearing."""
    horizon = 0.66
    snowy = wish.weather == "snow" or rng.random() < 0.75
    layers = [
        Layer(terrain.range_of_mountains(rng, size, palette, horizon, share, snowy=snowy), depth)
        for share, depth in ((0.0, 0.1), (0.45, 0.2), (0.9, 0.3))
    ]
    snow = palette.lit((246, 249, 255)) if wish.weather == "snow" else None
    for share, base in ((0.55, 0.68), (0.78, 0.76)):
        picture, edge = _ground(rng, size, palette, base, share)
        colour = mix(palette.land(share), (10, 22, 34), 0.3 if snow is None else 0.62)
        tall = size[1] * (0.05 + 0.08 * share)
        wood = terrain.firs(rng, size, edge, colour, tall, tall * 0.42, snow=snow)
        wood.alpha_composite(picture)
        layers.append(Layer(wood, 0.3 + 0.3 * share))
    picture, _ = _ground(rng, size, palette, 0.86, 1.0)
    layers.append(Layer(picture, 0.8))
    return Place(horizon, 0.93, _lamp(size, rng, 0.5), layers)


def forest(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Rows of firs that come out of the haze."""
    horizon = 0.62
    layers = []
    snow = palette.lit((246, 249, 255)) if wish.weather == "snow" else None
    for share in (0.0, 0.33, 0.66):
        base = 0.6 + 0.13 * share
        picture, edge = _ground(rng, size, palette, base, 0.25 + 0.5 * share)
        deep = rgb("#123038") if wish.weather == "snow" else palette.near
        colour = mix(mix(palette.low, palette.far, 0.5), palette.lit(deep), 0.25 + 0.62 * share)
        if "autumn" in wish.things:
            colour = mix(colour, rgb(("#c8762b", "#b04a26", "#d39a34")[round(share * 2)]), 0.6)
        tall = size[1] * (0.2 + 0.16 * share)
        wood = terrain.firs(rng, size, edge, colour, tall, tall * (0.2 + 0.08 * share), snow=snow)
        wood.alpha_composite(picture)
        layers.append(Layer(wood, 0.15 + 0.4 * share))
    picture, edge = _ground(rng, size, palette, 0.8, 1.0)
    layers.append(Layer(picture, 0.8))
    return Place(horizon, 0.92, _lamp(size, rng, 0.5), layers, [_frame(size, rng, palette, snow)])


def _frame(size: Size, rng: np.random.Generator, palette: Palette, snow: Colour | None) -> Layer:
    """Two dark firs at the sides, close to the eye."""
    colour = mix(palette.lit(rgb("#0d2630")), palette.top, 0.12)
    outlines = []
    tops = []
    for x in (-0.02 + rng.uniform(-0.03, 0.03), 1.02 + rng.uniform(-0.03, 0.03)):
        tall = size[1] * rng.uniform(0.75, 0.95)
        fir = terrain.pine(x * size[0], size[1] * 1.02, tall)
        outlines += fir
        tops += [[t[0], t[1], (t[2][0] - tall * 0.03, t[2][1] - tall * 0.03), (t[4][0], t[0][1] + tall * 0.14), (t[6][0] + tall * 0.03, t[6][1] - tall * 0.03), t[7]] for t in fir[:-1]]
    layer = blank(size, colour)
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, outlines))
    if snow is not None:
        layer.paste(Image.new("RGB", size, mix(snow, colour, 0.2)), mask=mask(size, tops).point([v * 3 // 4 for v in range(256)]))
    return Layer(layer, 1.0)


def meadow(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Rolling hills with a few far trees and flowers in front."""
    horizon = 0.6
    layers = []
    for share, base in ((0.0, 0.57), (0.3, 0.62), (0.55, 0.69), (0.8, 0.77)):
        edge = terrain.hills(rng, size, base, 0.05 - 0.02 * share, 1.5 + 1.5 * rng.random())
        colour = palette.land(0.15 + 0.75 * share)
        crest = palette.lit(mix(colour, palette.low, 0.35))
        picture = terrain.sheet(size, edge, crest, colour, size[1] * 0.16)
        if 0.2 < share < 0.7 and wish.weather != "snow":
            tall = size[1] * (0.03 + 0.06 * share)
            wood = _round_trees(rng, size, edge, mix(colour, (8, 24, 26), 0.25), tall)
            wood.alpha_composite(picture)
            picture = wood
        layers.append(Layer(picture, 0.12 + 0.6 * share))
    picture, _ = _ground(rng, size, palette, 0.85, 1.0)
    layers.append(Layer(picture, 0.8))
    front = [] if wish.weather == "snow" else [_grass(size, rng, palette)]
    return Place(horizon, 0.93, _lamp(size, rng, horizon, low=_low_sun(wish)), layers, front)


def _round_trees(rng: np.random.Generator, size: Size, edge: Array, colour: Colour, tall: float) -> Image.Image:
    layer = blank(size, colour)
    outlines = []
    x = 0.0
    while x < size[0]:
        x += tall * rng.uniform(0.4, 3.2)
        foot = float(edge[min(len(edge) - 1, int(x / size[0] * (len(edge) - 1)))])
        r = tall * rng.uniform(0.35, 0.6)
        outlines += [terrain.ellipse(x, foot - r, r, r * 1.25), terrain.ellipse(x + r * 0.7, foot - r * 0.6, r * 0.7, r * 0.8)]
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, outlines))
    return layer


def _grass(size: Size, rng: np.random.Generator, palette: Palette) -> Layer:
    """Blades and blossoms at the lower edge."""
    colour = palette.lit(mix(palette.near, (6, 26, 20), 0.45))
    layer = blank(size, colour)
    blades, petals, hearts = [], [], []
    unit = min(size) / 512
    for x in np.arange(-10, size[0] + 10, 5 * unit):
        tall, lean = rng.uniform(14, 46) * unit, rng.normal(0, 9) * unit
        foot = float(size[1]) + 4
        blades.append([(x - 2 * unit, foot), (x + lean * 0.4 - unit, foot - tall * 0.6), (x + lean, foot - tall), (x + lean * 0.4 + unit, foot - tall * 0.6), (x + 2.4 * unit, foot)])
        if rng.random() < 0.12:
            cx, cy, r = x + lean, foot - tall - rng.uniform(0, 18) * unit, rng.uniform(2.2, 4.2) * unit
            blades.append([(x - unit, foot), (cx, cy), (x + unit, foot)])
            for k in range(5):
                a = k * 1.2566 + rng.random()
                petals.append(terrain.ellipse(cx + np.cos(a) * r, cy + np.sin(a) * r, r * 0.85, r * 0.85, steps=12))
            hearts.append(terrain.ellipse(cx, cy, r * 0.6, r * 0.6, steps=12))
    layer.paste(Image.new("RGB", size, colour), mask=mask(size, blades))
    bloom = rgb(("#f6e7ef", "#f7c948", "#ee7f8f", "#b79be8")[int(rng.integers(4))])
    layer.paste(Image.new("RGB", size, palette.lit(bloom)), mask=mask(size, petals))
    layer.paste(Image.new("RGB", size, palette.lit(rgb("#e8a33a"))), mask=mask(size, hearts))
    return Layer(layer, 1.0)


def sea(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Open water with a far shore."""
    horizon = 0.5
    lamp = _lamp(size, rng, horizon, low=_low_sun(wish))
    lit = wish.weather not in ("storm", "rain", "fog")
    water = Sea(size, horizon, palette, lamp[0] if lit else None, 1.5 if wish.weather == "storm" else 1.0, int(rng.integers(2**31)))
    edge = terrain.hills(rng, size, horizon + 0.005, 0.05, 2.4)
    far = terrain.sheet(size, edge, palette.land(0.12), palette.low, size[1] * 0.08, 0)
    return Place(horizon, 0.9, lamp, [Layer(far, 0.1), Layer(None, 0.35, draw=water.draw)], afloat=True)


def desert(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Dunes, and a cactus or two."""
    horizon = 0.56
    layers = terrain.dunes(rng, size, palette, horizon)
    colour = palette.lit(mix(rgb("#2f5d4a"), palette.near, 0.25))
    outlines = []
    for x in (rng.uniform(0.06, 0.2), rng.uniform(0.8, 0.94)):
        outlines += terrain.cactus(x * size[0], size[1] * rng.uniform(0.82, 0.9), size[1] * rng.uniform(0.18, 0.32))
    layer = blank(size, colour)
    layer.paste(gradient(size, [(0, mix(colour, palette.low, 0.35)), (1, colour)]), mask=mask(size, outlines))
    layers.append(Layer(layer, 0.75))
    return Place(horizon, 0.92, _lamp(size, rng, horizon, low=_low_sun(wish)), layers)


def city(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Three rows of houses; their windows shine when it is dark."""
    horizon = 0.74
    dark = palette.dark or wish.time in ("sunset",) or wish.weather in ("rain", "storm")
    lights = rgb("#ffd98a") if dark else None
    layers = []
    for share, tall in ((0.0, 0.5), (0.5, 0.42), (1.0, 0.3)):
        colour = mix(mix(palette.low, palette.far, 0.5), palette.near, 0.2 + 0.75 * share)
        row = terrain.skyline(rng, size, horizon + 0.06 * share, tall, colour, lights if share else None)
        layers.append(Layer(row, 0.12 + 0.4 * share))
        if dark:
            haze = mix(palette.low, rgb("#ff9a6a"), 0.4)
            layers.append(Layer(glow(size, (size[0] / 2, horizon * size[1]), size[0] * 0.7, haze, 0.28), 0.12 + 0.4 * share))
    street = mix(palette.near, (12, 12, 24), 0.35)
    edge = np.full(size[0] // 2, size[1] * 0.86, np.float32)
    layers.append(Layer(terrain.sheet(size, edge, mix(street, palette.low, 0.22), street, size[1] * 0.1), 0.8))
    if lights is not None:
        layers.append(Layer(_lamplight(size, rng), 0.8))
    return Place(horizon, 0.95, _lamp(size, rng, 0.5), layers)


def _lamplight(size: Size, rng: np.random.Generator) -> Image.Image:
    """What the wet street gives back of the windows."""
    layer = blank(size, (255, 210, 140))
    for x in rng.uniform(0, 1, 9):
        tone = rgb(("#ffd98a", "#ff8f6b", "#7fd4ff", "#ff7fb6")[int(rng.integers(4))])
        spot = glow(size, (float(x) * size[0], size[1] * 0.93), size[1] * 0.12, tone, 0.35)
        layer.alpha_composite(spot)
    horizon = int(size[1] * 0.86)
    layer.paste((0, 0, 0, 0), (0, 0, size[0], horizon))
    return layer


def space(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """A nebula, a ringed planet, and the ground of a small moon."""
    hue = wish.scene_colour
    tones = [hue or rgb("#3b5bd6"), rgb("#b13a8f"), rgb("#1fa3a3")]
    back = sky.nebula(size, rng, tones)
    back.alpha_composite(sky.stars(size, rng, 420, 1.0))
    layers = [Layer(back), Layer(_planet(size, rng, hue), 0.15)]
    edge = terrain.hills(rng, size, 0.87, 0.04, 1.4)
    stone = rgb("#4a4668")
    layers.append(Layer(terrain.sheet(size, edge, mix(stone, (255, 220, 240), 0.3), mix(stone, (6, 6, 20), 0.6), size[1] * 0.12), 0.8))
    return Place(0.86, 0.95, (size[0] * 0.7, size[1] * 0.3), layers, own_sky=True)


def _planet(size: Size, rng: np.random.Generator, hue: Colour | None) -> Image.Image:
    base = hue or rgb(("#e0894f", "#c9b06a", "#7fa8d8", "#c76f8f")[int(rng.integers(4))])
    r = min(size) * rng.uniform(0.15, 0.21)
    cx, cy = size[0] * rng.uniform(0.58, 0.75), size[1] * rng.uniform(0.26, 0.38)
    layer = glow(size, (cx, cy), r * 2.1, base, 0.5)
    bands = [(i / 9, mix(base, ((255, 240, 220), (40, 16, 50))[i % 2], 0.1 + 0.25 * float(rng.random()))) for i in range(10)]
    face = Image.new("RGB", size)
    face.paste(gradient((int(2 * r), int(2 * r)), bands), (int(cx - r), int(cy - r)))
    disc = mask(size, [terrain.ellipse(cx, cy, r, r, steps=90)], 3)
    tilt = -0.35
    ring = mask(size, [terrain.ellipse(cx, cy, r * 1.9, r * 0.5, tilt, 90)], 3)
    hole = mask(size, [terrain.ellipse(cx, cy, r * 1.45, r * 0.36, tilt, 90)], 3)
    ring.paste(0, mask=hole)
    layer.paste(Image.new("RGB", size, mix(base, (255, 246, 226), 0.55)), mask=ring.point([v * 4 // 5 for v in range(256)]))
    layer.paste(face, mask=disc)
    night = Image.new("L", size, 0)
    night.paste(disc.point([v * 3 // 5 for v in range(256)]))
    night.paste(0, mask=mask(size, [terrain.ellipse(cx + r * 0.32, cy - r * 0.28, r * 1.12, r * 1.12, steps=90)], 3))
    layer.paste(Image.new("RGB", size, (8, 6, 28)), mask=night)
    front = ring.copy()
    front.paste(0, (0, 0, size[0], int(cy)))
    layer.paste(Image.new("RGB", size, mix(base, (255, 246, 226), 0.7)), mask=front)
    return layer


def underwater(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> Place:
    """Light from above, rocks, weed and coral."""
    hue = wish.scene_colour or rgb("#1487a8")
    top, low = mix(hue, (220, 255, 250), 0.5), mix(hue, (4, 14, 50), 0.72)
    back = gradient(size, [(0, top), (0.35, hue), (1, low)]).convert("RGBA")
    for x in rng.uniform(0.05, 0.95, 7):
        ray = [(x * size[0], -10.0), ((x + 0.05) * size[0], -10.0), ((x - 0.04) * size[0], size[1] * 0.85), ((x - 0.2) * size[0], size[1] * 0.85)]
        shine = blank(size, (235, 255, 250))
        fade = gradient(size, [(0, (60, 60, 60)), (0.8, (0, 0, 0)), (1, (0, 0, 0))]).getchannel("R")
        shine.putalpha(Image.composite(fade, Image.new("L", size, 0), mask(size, [ray])))
        back.alpha_composite(shine)
    layers = [Layer(back)]
    for share in (0.0, 0.5, 1.0):
        edge = terrain.hills(rng, size, 0.72 + 0.15 * share, 0.07, 2 + 2 * share)
        colour = mix(mix(hue, low, 0.55), mix(low, (2, 8, 26), 0.4), share)
        layers.append(Layer(terrain.sheet(size, edge, mix(colour, top, 0.12), colour, size[1] * 0.2), 0.2 + 0.5 * share))
        layers.append(Layer(_weed(size, rng, edge, share), 0.2 + 0.5 * share))
    return Place(0.6, 0.72, (size[0] / 2, 0.0), layers, own_sky=True)


def _weed(size: Size, rng: np.random.Generator, edge: Array, share: float) -> Image.Image:
    layer = blank(size)
    for x in rng.uniform(0, 1, 7):
        foot = float(edge[int(x * (len(edge) - 1))]) + size[1] * 0.03
        tall = size[1] * rng.uniform(0.08, 0.2) * (0.6 + share)
        tone = rgb(("#1f8a6b", "#e8657a", "#f09a4a", "#7d5bd0")[int(rng.integers(4))])
        tone = mix(tone, (6, 40, 80), 0.62 - 0.4 * share)
        blades = []
        for k in range(5):
            sway, root = rng.normal(0, 0.22) * tall + (k - 2) * tall * 0.13, x * size[0] + (k - 2) * tall * 0.05
            w = tall * 0.06
            blades.append(curve([(root - w, foot), (root - w + sway * 0.5, foot - tall * 0.5), (root + sway, foot - tall * rng.uniform(0.75, 1.1)), (root + w + sway * 0.5, foot - tall * 0.5), (root + w, foot)]))
        layer.paste(Image.new("RGB", size, tone), mask=mask(size, blades))
    return layer


BUILDERS: dict[str, Builder] = {
    "mountain": mountain,
    "forest": forest,
    "meadow": meadow,
    "sea": sea,
    "desert": desert,
    "city": city,
    "space": space,
    "underwater": underwater,
}
