"""Builds the stack of layers from a wish: what is where in the picture."""

import dataclasses
import hashlib

import numpy as np
from PIL import Image

from stand.renderer import abstract, places, sky, weather
from stand.renderer.canvas import Layer, mix
from stand.renderer.figures import subjects
from stand.renderer.palette import Palette, choose
from stand.renderer.place import Place, Site
from stand.renderer.words import Wish, read

Size = tuple[int, int]


@dataclasses.dataclass
class Scene:
    """The layers from back to front; `size` is larger than the image if a camera moves over it."""

    size: Size
    layers: list[Layer]
    seed: int


def seed_of(prompt: str, seed: int, size: Size) -> int:
    """Return the seed of a whole picture: the same words, seed and size give the same picture."""
    text = f"{prompt.strip().lower()}|{seed}|{size[0]}x{size[1]}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def compose(prompt: str, negative: str, size: Size, seed: int) -> Scene:
    """Return the scene that the prompt asks for."""
    number = seed_of(prompt, seed, size)
    rng = np.random.default_rng(number)
    wish = read(prompt, negative)
    if not wish.known:
        return Scene(size, abstract.layers(size, rng, wish), number)
    wish = _settled(wish)
    palette = choose(wish, rng)
    place = places.build(Site(size, rng, wish, palette))
    layers = [*_heaven(size, rng, wish, palette, place), *place.layers]
    layers += _mist(size, rng, wish, palette, place.horizon)
    layers += subjects.stand(size, rng, wish, palette, place)
    layers += place.front
    layers += _falling(size, rng, wish, palette)
    return Scene(size, _merged(layers), number)


HOMES = {
    "fish": "underwater",
    "boat": "sea",
    "lighthouse": "sea",
    "rocket": "space",
    "balloon": "mountain",
    "bird": "mountain",
    "deer": "forest",
    "owl": "forest",
}


def _settled(wish: Wish) -> Wish:
    """Return the wish with a place that fits its subjects."""
    if wish.place is not None:
        return wish
    homes = [HOMES[name] for name in wish.subjects if name in HOMES]
    open_land = "forest" if wish.weather == "snow" else "meadow"
    return dataclasses.replace(wish, place=homes[0] if homes else open_land if wish.subjects else "mountain")


def _heaven(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette, place: Place) -> list[Layer]:
    if place.own_sky:
        return []
    layers = [Layer(sky.backdrop(size, palette, place.horizon))]
    if palette.dark and wish.weather not in ("storm", "fog", "rain"):
        layers.append(Layer(sky.stars(size, rng, 230 if "stars" in wish.things else 110, place.horizon)))
    if wish.weather == "aurora":
        phases = int(rng.integers(2**31))
        layers.append(Layer(None, 0, draw=lambda t: sky.aurora(size, np.random.default_rng(phases), t * 0.7)))
    if wish.weather not in ("storm", "rain", "fog") or wish.things & {"moon", "sun"}:
        moon = palette.dark or "moon" in wish.things
        radius = min(size) * (0.085 if moon else 0.075)
        layers.append(Layer(sky.lamp(size, palette, place.lamp, radius, moon=moon)))
    if wish.weather == "storm":
        flash, every = sky.bolt(size, rng, place.horizon), Image.new("RGBA", size, (0, 0, 0, 0))
        layers.append(Layer(None, 0, draw=lambda t: flash if (t * 1.0) % 1.7 < 0.22 else every))
    if "clouds" in wish.things or wish.weather in ("rain", "storm") or not palette.dark:
        count = 7 if "clouds" in wish.things or wish.weather in ("rain", "storm") else 4
        layers.append(
            Layer(sky.clouds(size, rng, palette, count, place.horizon * 0.8), 0.08, size[0] * 0.008)
        )
    if not palette.dark and "bird" not in wish.subjects and rng.random() < 0.6:
        layers.append(sky.flock(size, rng, 6, mix(palette.near, (0, 0, 0), 0.4)))
    return layers


def _mist(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette, horizon: float) -> list[Layer]:
    """Return fog behind the subjects; forests always have a little."""
    if wish.weather != "fog" and (wish.place != "forest" or wish.weather == "rain"):
        return []
    colour, thickness = mix(palette.low, (255, 255, 255), 0.3), 1.0 if wish.weather == "fog" else 0.45
    bank = weather.Fog(size, int(rng.integers(2**31)), colour, horizon, thickness)
    return [Layer(None, 0.5, draw=bank.draw)]


def _falling(size: Size, rng: np.random.Generator, wish: Wish, palette: Palette) -> list[Layer]:
    """Return the weather in front of everything."""
    seed = int(rng.integers(2**31))
    layers: list[Layer] = []
    if wish.weather == "snow":
        layers.append(Layer(None, 0.5, draw=weather.Snow(size, seed).draw))
    if wish.weather in ("rain", "storm"):
        layers.append(Layer(None, 0.5, draw=weather.Rain(size, seed).draw))
    if "fire" in wish.things:
        layers.append(Layer(None, 0.6, draw=weather.Sparks(size, seed, (255, 150, 60)).draw))
    if wish.place in ("forest", "meadow") and palette.dark and wish.weather is None:
        layers.append(Layer(None, 0.6, draw=weather.Sparks(size, seed, (255, 232, 140)).draw))
    if wish.place == "underwater":
        layers.append(Layer(None, 0.6, draw=weather.Sparks(size, seed, (200, 240, 255), 60).draw))
    return layers


def _merged(layers: list[Layer]) -> list[Layer]:
    """Merge neighbouring layers that move alike, so that a clip has fewer layers to compose."""
    done: list[Layer] = []
    for layer in layers:
        last = done[-1] if done else None
        if (
            last is not None
            and last.image is not None
            and layer.image is not None
            and (last.depth, last.drift) == (layer.depth, layer.drift)
        ):
            last.image.alpha_composite(layer.image)
        else:
            done.append(layer)
    return done
