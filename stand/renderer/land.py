"""Places on land: mountains, woods, meadows, deserts."""

import numpy as np
from PIL import Image

from stand.renderer import plants, terrain
from stand.renderer.canvas import Array, Layer, blank, gradient, mask, mix, rgb
from stand.renderer.palette import Palette
from stand.renderer.place import Place, Site, lamp_at, low_sun

Size = tuple[int, int]


def ground(
    rng: np.random.Generator, size: Size, palette: Palette, base: float, nearness: float
) -> tuple[Image.Image, Array]:
    edge = terrain.hills(rng, size, base, 0.035, 1.6 + rng.random())
    colour = palette.land(nearness)
    top = palette.lit(mix(colour, palette.low, 0.28))
    return terrain.sheet(size, edge, top, mix(colour, palette.top, 0.22), size[1] * 0.3), edge


def mountain(site: Site) -> Place:
    """Build three chains, foothills with firs, a clearing."""
    size, rng, wish, palette = site
    horizon = 0.66
    snowy = wish.weather == "snow" or rng.random() < 0.75
    layers = [
        Layer(terrain.range_of_mountains(rng, size, palette, horizon, share, snowy=snowy), depth)
        for share, depth in ((0.0, 0.1), (0.45, 0.2), (0.9, 0.3))
    ]
    snow = mix(palette.lit((246, 249, 255)), palette.low, 0.3) if wish.weather == "snow" else None
    for share, base in ((0.55, 0.68), (0.78, 0.76)):
        picture, edge = ground(rng, size, palette, base, share)
        colour = mix(palette.land(share), (10, 22, 34), 0.3 if snow is None else 0.62)
        tall = size[1] * (0.05 + 0.08 * share)
        wood = plants.firs(rng, size, edge, colour, tall, tall * 0.42, snow=snow)
        wood.alpha_composite(picture)
        layers.append(Layer(wood, 0.3 + 0.3 * share))
    picture, _ = ground(rng, size, palette, 0.86, 1.0)
    layers.append(Layer(picture, 0.8))
    return Place(horizon, 0.93, lamp_at(size, rng, 0.5), layers)


def forest(site: Site) -> Place:
    """Build rows of firs that come out of the haze."""
    size, rng, wish, palette = site
    horizon = 0.62
    layers = []
    snow = mix(palette.lit((246, 249, 255)), palette.low, 0.3) if wish.weather == "snow" else None
    for share in (0.0, 0.33, 0.66):
        base = 0.6 + 0.13 * share
        picture, edge = ground(rng, size, palette, base, 0.25 + 0.5 * share)
        deep = rgb("#123038") if wish.weather == "snow" else palette.near
        colour = mix(mix(palette.low, palette.far, 0.5), palette.lit(deep), 0.25 + 0.62 * share)
        if "autumn" in wish.things:
            colour = mix(colour, rgb(("#c8762b", "#b04a26", "#d39a34")[round(share * 2)]), 0.6)
        tall = size[1] * (0.2 + 0.16 * share)
        wood = plants.firs(rng, size, edge, colour, tall, tall * (0.2 + 0.08 * share), snow=snow)
        wood.alpha_composite(picture)
        layers.append(Layer(wood, 0.15 + 0.4 * share))
    picture, edge = ground(rng, size, palette, 0.8, 1.0)
    layers.append(Layer(picture, 0.8))
    return Place(horizon, 0.92, lamp_at(size, rng, 0.5), layers, [plants.frame(size, rng, palette, snow)])


def meadow(site: Site) -> Place:
    """Build rolling hills with a few far trees and flowers in front."""
    size, rng, wish, palette = site
    horizon = 0.6
    layers = []
    for share, base in ((0.0, 0.57), (0.3, 0.62), (0.55, 0.69), (0.8, 0.77)):
        edge = terrain.hills(rng, size, base, 0.05 - 0.02 * share, 1.5 + 1.5 * rng.random())
        colour = palette.land(0.15 + 0.75 * share)
        crest = palette.lit(mix(colour, palette.low, 0.35))
        picture = terrain.sheet(size, edge, crest, colour, size[1] * 0.16)
        if 0.2 < share < 0.7 and wish.weather != "snow":
            tall = size[1] * (0.03 + 0.06 * share)
            wood = plants.round_trees(rng, size, edge, mix(colour, (8, 24, 26), 0.25), tall)
            wood.alpha_composite(picture)
            picture = wood
        layers.append(Layer(picture, 0.12 + 0.6 * share))
    picture, _ = ground(rng, size, palette, 0.85, 1.0)
    layers.append(Layer(picture, 0.8))
    front = [] if wish.weather == "snow" else [plants.grass(size, rng, palette)]
    return Place(horizon, 0.93, lamp_at(size, rng, horizon, low=low_sun(wish)), layers, front)


def desert(site: Site) -> Place:
    """Build dunes, and a cactus or two."""
    size, rng, wish, palette = site
    horizon = 0.56
    layers = terrain.dunes(rng, size, palette, horizon)
    colour = palette.lit(mix(rgb("#2f5d4a"), palette.near, 0.25))
    outlines = []
    for x in (rng.uniform(0.06, 0.2), rng.uniform(0.8, 0.94)):
        outlines += plants.cactus(
            x * size[0], size[1] * rng.uniform(0.82, 0.9), size[1] * rng.uniform(0.18, 0.32)
        )
    layer = blank(size, colour)
    layer.paste(gradient(size, [(0, mix(colour, palette.low, 0.35)), (1, colour)]), mask=mask(size, outlines))
    layers.append(Layer(layer, 0.75))
    return Place(horizon, 0.92, lamp_at(size, rng, horizon, low=low_sun(wish)), layers)
