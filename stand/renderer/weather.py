"""Weather in front of the scene: snow, rain, fog, sparks."""

import math

import numpy as np
from PIL import Image, ImageDraw

from stand.renderer.canvas import Colour, blank, noise_2d

Size = tuple[int, int]


class Snow:
    """Flakes of three sizes that sway as they fall."""

    def __init__(self, size: Size, seed: int, *, count: int = 210, colour: Colour = (255, 255, 255)) -> None:
        self._size = size
        self._colour = colour
        self._flakes = np.random.default_rng(seed).random((count, 5)).tolist()

    def draw(self, moment: float) -> Image.Image:
        """Return the flakes at that moment (seconds)."""
        width, height = self._size
        unit = min(width, height) / 512
        big = Image.new("L", (width * 2, height * 2), 0)
        draw = ImageDraw.Draw(big)
        for x0, y0, near, phase, bright in self._flakes:
            r = (0.9 + 3.4 * near**3.2) * unit * 2
            fall = (26 + 95 * near) * unit * moment
            x = x0 * width + math.sin(phase * 6.28 + moment * (0.8 + near)) * (5 + 9 * near) * unit
            x = (x - 12 * unit * moment * (0.4 + near)) % width * 2
            y = (y0 * (height + 20) + fall) % (height + 20) * 2 - 20
            draw.ellipse((x - r, y - r, x + r, y + r), fill=int((150 + 105 * bright) * (1 - 0.35 * near)))
        layer = blank(self._size, self._colour)
        layer.putalpha(big.reduce(2))
        return layer


class Rain:
    """Slanting streaks."""

    def __init__(self, size: Size, seed: int, *, count: int = 230) -> None:
        self._size = size
        self._drops = np.random.default_rng(seed).random((count, 3)).tolist()

    def draw(self, moment: float) -> Image.Image:
        """Return the streaks at that moment (seconds)."""
        width, height = self._size
        unit = min(width, height) / 512
        big = Image.new("L", (width * 2, height * 2), 0)
        draw = ImageDraw.Draw(big)
        for x0, y0, near in self._drops:
            long = (16 + 34 * near) * unit
            fall = (380 + 420 * near) * unit * moment
            y = (y0 * (height + long) + fall) % (height + long) - long
            x = (x0 * width * 1.2 - fall * 0.22) % (width * 1.2)
            ends = (x * 2, y * 2, (x - long * 0.22) * 2, (y + long) * 2)
            draw.line(ends, fill=int(50 + 85 * near), width=max(1, round((0.7 + near) * unit * 2)))
        layer = blank(self._size, (222, 232, 245))
        layer.putalpha(big.reduce(2))
        return layer


class Fog:
    """Banks of mist that drift at different speeds."""

    def __init__(self, size: Size, seed: int, colour: Colour, horizon: float, thickness: float = 0.8) -> None:
        width, height = size
        self._size = size
        rng = np.random.default_rng(seed)
        small = (max(8, width // 4), max(8, height // 4))
        field = noise_2d(rng, (small[0] * 2, small[1] * 3), 5, 3)[::3]
        y = np.linspace(0, 1, small[1], dtype=np.float32)[:, None]
        belt = np.exp(-(((y - horizon - 0.08) / 0.24) ** 2))
        alpha = np.clip((field * 1.5 - 0.28) * belt * thickness * 255, 0, 235).astype(np.uint8)
        self._wide = Image.fromarray(alpha)
        self._colour = colour

    def draw(self, moment: float) -> Image.Image:
        """Return the banks at that moment (seconds)."""
        width = self._wide.width // 2
        left = 10.0 + moment * self._size[0] * 0.006
        box = (left, 0, left + width, self._wide.height)
        layer = blank(self._size, self._colour)
        layer.putalpha(self._wide.resize(self._size, Image.Resampling.BICUBIC, box=box))
        return layer


class Sparks:
    """Small lights that rise and flicker: fireflies, embers, bubbles."""

    def __init__(self, size: Size, seed: int, colour: Colour, count: int = 46) -> None:
        self._size = size
        self._colour = colour
        self._sparks = np.random.default_rng(seed).random((count, 4)).tolist()

    def draw(self, moment: float) -> Image.Image:
        """Return the lights at that moment (seconds)."""
        width, height = self._size
        unit = min(width, height) / 512
        alpha = Image.new("L", (width * 2, height * 2), 0)
        draw = ImageDraw.Draw(alpha)
        for x0, y0, near, phase in self._sparks:
            x = (x0 * width + math.sin(phase * 6.28 + moment * 0.9) * 14 * unit) * 2
            y = (y0 * height - moment * (8 + 22 * near) * unit) % height * 2
            light = 0.55 + 0.45 * math.sin(phase * 20 + moment * 3.1)
            for r, strength in ((4.2, 46), (2.4, 90), (1.1, 255)):
                size = r * (0.6 + near) * unit * 2
                draw.ellipse((x - size, y - size, x + size, y + size), fill=int(strength * light))
        layer = blank(self._size, self._colour)
        layer.putalpha(alpha.reduce(2))
        return layer
