"""The subjects of the word list, and where they stand in the picture."""

from collections.abc import Callable

import numpy as np

from sandbox.renderer import animals, sprite
from sandbox.renderer.canvas import Colour, Layer, blank, mix
from sandbox.renderer.palette import Palette
from sandbox.renderer.places import Place
from sandbox.renderer.sprite import Part
from sandbox.renderer.words import Wish

FIGURES: dict[str, Callable[[Colour | None], list[Part]]] = {
    "fox": animals.fox,
    "wolf": animals.wolf,
    "dog": animals.dog,
    "cat": animals.cat,
    "rabbit": animals.rabbit,
    "bear": animals.bear,
}


def stand(
    size: tuple[int, int], rng: np.random.Generator, wish: Wish, palette: Palette, place: Place
) -> list[Layer]:
    """The layers of the wish's subjects, side by side."""
    wanted = [name for name in wish.subjects if name in FIGURES]
    layers = []
    for at, name in enumerate(wanted):
        parts = FIGURES[name](wish.subject_colour)
        side = int(min(size) * (0.52 if len(wanted) == 1 else 0.4))
        middle = 0.5 + (at - (len(wanted) - 1) / 2) * 0.34 + float(rng.uniform(-0.04, 0.04))
        x, y = int(middle * size[0] - side / 2), int(place.ground * size[1] - side)
        layer = blank(size)
        shade = mix(palette.top, (0, 0, 0), 0.4)
        layer.alpha_composite(sprite.shadow_of(size, (middle * size[0], place.ground * size[1] - side * 0.03), side * 0.42, shade))
        layer.alpha_composite(sprite.draw(parts, (side, side), palette.light), (max(0, x), max(0, y)))
        layers.append(Layer(layer, 0.8))
    return layers
