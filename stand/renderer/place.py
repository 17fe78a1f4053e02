"""The input and the result of building a place: layers around a spot where a subject can stand."""

import dataclasses
from typing import NamedTuple

import numpy as np

from stand.renderer.canvas import Layer, Point
from stand.renderer.palette import Palette
from stand.renderer.words import Wish

Size = tuple[int, int]


class Site(NamedTuple):
    """Where and how to build a place."""

    size: Size
    rng: np.random.Generator
    wish: Wish
    palette: Palette


@dataclasses.dataclass
class Place:
    """A built place: horizon and ground (shares of the height), the sun's or moon's position (pixels)."""

    horizon: float
    ground: float
    lamp: Point
    layers: list[Layer]
    front: list[Layer] = dataclasses.field(default_factory=list)
    own_sky: bool = False
    afloat: bool = False


def lamp_at(size: Size, rng: np.random.Generator, horizon: float, *, low: bool = False) -> Point:
    side = rng.uniform(0.62, 0.8) if rng.random() < 0.5 else rng.uniform(0.2, 0.38)
    return float(side * size[0]), float((horizon - 0.06 if low else rng.uniform(0.17, 0.28)) * size[1])


def low_sun(wish: Wish) -> bool:
    return wish.time in ("sunset", "dawn")
