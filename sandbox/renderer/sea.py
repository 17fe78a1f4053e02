"""Moving water: bands of paper waves, foam on their crests, and the lamp's glitter."""

import dataclasses
import math

import numpy as np
from PIL import Image, ImageDraw

from sandbox.renderer.canvas import Array, Colour, Point, mix
from sandbox.renderer.palette import Palette

BANDS = 11


@dataclasses.dataclass
class Sea:
    """The sea from `horizon` (share of the height) down; `lamp_x` (pixels) is where it glitters."""

    size: tuple[int, int]
    horizon: float
    palette: Palette
    lamp_x: float | None
    swell: float
    seed: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self._phases = rng.uniform(0, 6.28, (BANDS, 3))
        self._dashes = rng.random((240, 4))
        self._xs: Array = np.linspace(0, self.size[0] * 2, self.size[0] // 5, dtype=np.float32)

    def draw(self, moment: float) -> Image.Image:
        """The water at that moment (seconds)."""
        width, height = self.size
        top = int(self.horizon * height)
        big = Image.new("RGBA", (width * 2, (height - top) * 2), (0, 0, 0, 0))
        draw = ImageDraw.Draw(big)
        deep = (height - top) * 2
        draw.rectangle((0, 2, width * 2, deep), fill=(*self._colour(0.0), 255))
        glitter = self._glitter(moment)
        for band in range(BANDS):
            share = band / (BANDS - 1)
            edge = self._edge(band, share, moment, deep)
            line = [*zip(self._xs.tolist(), edge.tolist(), strict=True)]
            colour = self._colour(share)
            draw.polygon([*line, (width * 2, deep), (0, deep)], fill=(*colour, 255))
            foam = mix(colour, self.palette.lit((255, 255, 255)), 0.16 + 0.34 * share * self.swell)
            thick = max(1, round((1 + 5.5 * share**1.5) * min(self.size) / 512))
            draw.line(line, fill=(*foam, 255), width=thick, joint="curve")
            if share > 0.5:
                under = [(x, y + thick * 3.2 + 3) for x, y in line]
                draw.line(under, fill=(*mix(colour, foam, 0.35), 255), width=max(1, thick // 2), joint="curve")
            self._sparkle(draw, glitter, share, deep)
        layer = Image.new("RGBA", self.size, (0, 0, 0, 0))
        layer.paste(big.reduce(2), (0, top))
        return layer

    def _colour(self, share: float) -> Colour:
        far = mix(self.palette.low, self.palette.near, 0.42)
        near = mix(self.palette.near, (0, 0, 0), 0.08)
        middle = mix(self.palette.middle, self.palette.near, 0.62)
        return mix(far, middle, share * 2) if share < 0.5 else mix(middle, near, share * 2 - 1)

    def _edge(self, band: int, share: float, moment: float, deep: int) -> Array:
        a, b, c = self._phases[band]
        unit = min(self.size) / 512 * 2
        length = (34 + 250 * share**1.3) * unit
        rise = (1.2 + 20 * share**1.6) * unit * self.swell
        x = self._xs
        pace = moment * (1.1 + 0.5 * share)
        # Crests are sharp and troughs round, as in a real swell.
        crest = 1 - np.abs(np.sin(x / length * math.pi + a - pace))
        chop = np.sin(x / length * 7.3 + b + pace * 1.7) * 0.12 + np.sin(x / length * 1.7 + c + pace * 0.4) * 0.4
        base = deep * (0.005 + 0.83 * share**1.45) + rise * 0.6
        return (base - rise * (crest**1.25 + chop) + rise * 0.3 * math.sin(moment * 0.9 + a)).astype(np.float32)

    def _glitter(self, moment: float) -> list[tuple[float, Point, float, int]]:
        if self.lamp_x is None:
            return []
        deep = (self.size[1] - int(self.horizon * self.size[1])) * 2
        unit = min(self.size) / 512 * 2
        found = []
        for share, across, phase, length in self._dashes.tolist():
            flicker = 0.5 + 0.5 * math.sin(phase * 6.28 + moment * (2.5 + 3 * phase))
            if flicker < 0.35:
                continue
            spread = (10 + 95 * share) * unit
            x = self.lamp_x * 2 + (across - 0.5) * spread * (0.6 + flicker)
            y = deep * (0.01 + 0.9 * share**1.2)
            found.append((share**0.83, (x, y), (3 + 17 * share * length) * unit, int(60 + 170 * flicker * (1 - 0.45 * share))))
        return found

    def _sparkle(
        self, draw: ImageDraw.ImageDraw, glitter: list[tuple[float, Point, float, int]], share: float, deep: int
    ) -> None:
        unit = min(self.size) / 512 * 2
        for place, (x, y), half, alpha in glitter:
            if share <= place < share + 1 / (BANDS - 1):
                colour = mix(self._colour(share), self.palette.lamp, alpha / 255)
                thick = (0.8 + 1.3 * place) * unit / 2
                draw.ellipse((x - half, y - thick, x + half, y + thick), fill=(*colour, 255))
