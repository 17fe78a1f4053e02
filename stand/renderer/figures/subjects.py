"""The subjects of the word list, and whether they stand, float or fly in the picture."""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from stand.renderer.canvas import Colour, Layer, blank, glow, mix, rgb
from stand.renderer.figures import animals, buildings, flora, objects, sprite, wildlife
from stand.renderer.figures.sprite import Part
from stand.renderer.palette import Palette
from stand.renderer.place import Place
from stand.renderer.words import Wish

FIGURES: dict[str, Callable[[Colour | None], list[Part]]] = {
    "fox": animals.fox,
    "wolf": animals.wolf,
    "dog": animals.dog,
    "cat": animals.cat,
    "rabbit": animals.rabbit,
    "bear": animals.bear,
    "owl": wildlife.owl,
    "deer": wildlife.deer,
    "bird": wildlife.bird,
    "fish": wildlife.fish,
    "flower": flora.flower,
    "tree": flora.tree,
    "mushroom": flora.mushroom,
    "house": buildings.house,
    "castle": buildings.castle,
    "lighthouse": buildings.lighthouse,
    "boat": objects.boat,
    "balloon": objects.balloon,
    "robot": objects.robot,
    "rocket": objects.rocket,
    "car": objects.car,
    "person": objects.person,
    "cup": objects.cup,
    "heart": objects.heart,
}
ALOFT = {"bird": 0.58, "balloon": 0.6, "rocket": 0.68, "heart": 0.66, "fish": 0.66}
BULK = {
    "castle": 0.62,
    "lighthouse": 0.56,
    "tree": 0.6,
    "house": 0.5,
    "deer": 0.6,
    "balloon": 0.46,
    "boat": 0.4,
}
GLOWING = {"house", "castle", "lighthouse"}
AUTUMN = rgb("#d9752b")


def stand(
    size: tuple[int, int], rng: np.random.Generator, wish: Wish, palette: Palette, place: Place
) -> list[Layer]:
    """Return the layers of the wish's subjects, side by side."""
    wanted = [name for name in wish.subjects if name in FIGURES]
    layers = []
    for at, name in enumerate(wanted):
        colour = wish.subject_colour
        if name == "tree" and colour is None and "autumn" in wish.things:
            colour = AUTUMN
        bulk = BULK.get(name, 0.5) * (1.0 if len(wanted) == 1 else 0.78)
        side = int(min(size) * bulk)
        middle = 0.5 + (at - (len(wanted) - 1) / 2) * 0.34 + float(rng.uniform(-0.05, 0.05))
        light = palette.light if name not in GLOWING else _bright(palette.light)
        picture = sprite.draw(FIGURES[name](colour), (side, side), light)
        foot = (
            ALOFT.get(name, place.ground) if not (place.afloat and name in ("boat", "lighthouse")) else 0.72
        )
        x, y = int(middle * size[0] - side / 2), int(foot * size[1] - side)
        if name in ALOFT or name == "boat":
            layers.append(_floating(size, picture, (x, y), name, float(rng.uniform(0, 6))))
        else:
            layers.append(_standing(size, picture, (x, y), name, palette))
    return layers


def _bright(light: tuple[float, float, float]) -> tuple[float, float, float]:
    return (light[0] * 0.75 + 0.25, light[1] * 0.75 + 0.22, light[2] * 0.75 + 0.18)


def _standing(
    size: tuple[int, int], picture: Image.Image, at: tuple[int, int], name: str, palette: Palette
) -> Layer:
    side = picture.width
    middle, foot = at[0] + side / 2, at[1] + side
    shade = mix(palette.top, (0, 0, 0), 0.4)
    layer = sprite.shadow_of(size, (middle, foot - side * 0.03), side * 0.44, shade)
    if name in GLOWING and palette.dark:
        layer.alpha_composite(glow(size, (middle, foot - side * 0.35), side * 0.75, (255, 206, 120), 0.4))
    _put(layer, picture, at)
    return Layer(layer, 0.8)


def _floating(
    size: tuple[int, int], picture: Image.Image, at: tuple[int, int], name: str, phase: float
) -> Layer:
    unit = min(size) / 512
    lift = {"boat": 5, "bird": 10, "fish": 8}.get(name, 7) * unit
    roll = {"boat": 2.4, "bird": 3.0, "fish": 2.0}.get(name, 0.8)

    def draw(moment: float) -> Image.Image:
        layer = blank(size)
        wave = math.sin(moment * 1.7 + phase)
        turned = picture.rotate(roll * math.sin(moment * 1.3 + phase), Image.Resampling.BICUBIC)
        _put(layer, turned, (at[0], at[1] + round(lift * wave)))
        return layer

    return Layer(None, 0.5, draw=draw)


def _put(layer: Image.Image, picture: Image.Image, at: tuple[int, int]) -> None:
    """Draw the picture at the place, cropped where it exceeds the edge."""
    left, top = max(0, -at[0]), max(0, -at[1])
    if left < picture.width and top < picture.height:
        part = picture.crop((left, top, picture.width, picture.height))
        layer.alpha_composite(part, (max(0, at[0]), max(0, at[1])))
