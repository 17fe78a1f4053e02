"""Places that are not on land: the sea, the sea bed, and space."""

import numpy as np
from PIL import Image

from stand.renderer import plants, sky, terrain
from stand.renderer.canvas import Colour, Layer, blank, ellipse, glow, gradient, mask, mix, rgb
from stand.renderer.place import Place, Site, lamp_at, low_sun
from stand.renderer.sea import Sea

Size = tuple[int, int]


def sea(site: Site) -> Place:
    """Build open water with a far shore."""
    size, rng, wish, palette = site
    horizon = 0.5
    lamp = lamp_at(size, rng, horizon, low=low_sun(wish))
    lit = wish.weather not in ("storm", "rain", "fog")
    water = Sea(
        size,
        horizon,
        palette,
        lamp[0] if lit else None,
        1.5 if wish.weather == "storm" else 1.0,
        int(rng.integers(2**31)),
    )
    edge = terrain.hills(rng, size, horizon + 0.005, 0.05, 2.4)
    far = terrain.sheet(size, edge, palette.land(0.12), palette.low, size[1] * 0.08, 0)
    return Place(horizon, 0.9, lamp, [Layer(far, 0.1), Layer(None, 0.35, draw=water.draw)], afloat=True)


def space(site: Site) -> Place:
    """Build a nebula, a ringed planet, and the ground of a small moon."""
    size, rng, wish, _ = site
    hue = wish.scene_colour
    tones = [hue or rgb("#3b5bd6"), rgb("#b13a8f"), rgb("#1fa3a3")]
    back = sky.nebula(size, rng, tones)
    back.alpha_composite(sky.stars(size, rng, 420, 1.0))
    layers = [Layer(back), Layer(_planet(size, rng, hue), 0.15)]
    edge = terrain.hills(rng, size, 0.87, 0.04, 1.4)
    stone = rgb("#4a4668")
    layers.append(
        Layer(
            terrain.sheet(
                size, edge, mix(stone, (255, 220, 240), 0.3), mix(stone, (6, 6, 20), 0.6), size[1] * 0.12
            ),
            0.8,
        )
    )
    return Place(0.86, 0.95, (size[0] * 0.7, size[1] * 0.3), layers, own_sky=True)


def _planet(size: Size, rng: np.random.Generator, hue: Colour | None) -> Image.Image:
    base = hue or rgb(("#e0894f", "#c9b06a", "#7fa8d8", "#c76f8f")[int(rng.integers(4))])
    r = min(size) * rng.uniform(0.15, 0.21)
    cx, cy = size[0] * rng.uniform(0.58, 0.75), size[1] * rng.uniform(0.26, 0.38)
    layer = glow(size, (cx, cy), r * 2.1, base, 0.5)
    bands = [
        (i / 9, mix(base, ((255, 240, 220), (40, 16, 50))[i % 2], 0.1 + 0.25 * float(rng.random())))
        for i in range(10)
    ]
    face = Image.new("RGB", size)
    face.paste(gradient((int(2 * r), int(2 * r)), bands), (int(cx - r), int(cy - r)))
    disc = mask(size, [ellipse(cx, cy, r, r, steps=90)], 3)
    tilt = -0.35
    ring = mask(size, [ellipse(cx, cy, r * 1.9, r * 0.5, tilt, 90)], 3)
    hole = mask(size, [ellipse(cx, cy, r * 1.45, r * 0.36, tilt, 90)], 3)
    ring.paste(0, mask=hole)
    layer.paste(
        Image.new("RGB", size, mix(base, (255, 246, 226), 0.55)),
        mask=ring.point([v * 4 // 5 for v in range(256)]),
    )
    layer.paste(face, mask=disc)
    night = Image.new("L", size, 0)
    night.paste(disc.point([v * 3 // 5 for v in range(256)]))
    night.paste(0, mask=mask(size, [ellipse(cx + r * 0.32, cy - r * 0.28, r * 1.12, r * 1.12, steps=90)], 3))
    layer.paste(Image.new("RGB", size, (8, 6, 28)), mask=night)
    front = ring.copy()
    front.paste(0, (0, 0, size[0], int(cy)))
    layer.paste(Image.new("RGB", size, mix(base, (255, 246, 226), 0.7)), mask=front)
    return layer


def underwater(site: Site) -> Place:
    """Build light from above, rocks, weed and coral."""
    size, rng, wish, _ = site
    hue = wish.scene_colour or rgb("#1487a8")
    top, low = mix(hue, (220, 255, 250), 0.5), mix(hue, (4, 14, 50), 0.72)
    back = gradient(size, [(0, top), (0.35, hue), (1, low)]).convert("RGBA")
    for x in rng.uniform(0.05, 0.95, 7):
        ray = [
            (x * size[0], -10.0),
            ((x + 0.05) * size[0], -10.0),
            ((x - 0.04) * size[0], size[1] * 0.85),
            ((x - 0.2) * size[0], size[1] * 0.85),
        ]
        shine = blank(size, (235, 255, 250))
        fade = gradient(size, [(0, (60, 60, 60)), (0.8, (0, 0, 0)), (1, (0, 0, 0))]).getchannel("R")
        shine.putalpha(Image.composite(fade, Image.new("L", size, 0), mask(size, [ray])))
        back.alpha_composite(shine)
    layers = [Layer(back)]
    for share in (0.0, 0.5, 1.0):
        edge = terrain.hills(rng, size, 0.72 + 0.15 * share, 0.07, 2 + 2 * share)
        colour = mix(mix(hue, low, 0.55), mix(low, (2, 8, 26), 0.4), share)
        rock = plants.weed(size, rng, edge, share)
        rock.alpha_composite(terrain.sheet(size, edge, mix(colour, top, 0.12), colour, size[1] * 0.2))
        layers.append(Layer(rock, 0.2 + 0.5 * share))
    return Place(0.6, 0.72, (size[0] / 2, 0.0), layers, own_sky=True)
