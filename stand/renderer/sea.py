"""Moving water: bands of paper waves, foam on their crests, and the glitter of the sun or moon."""

import dataclasses
import math

import numpy as np
from PIL import Image, ImageDraw

from stand.renderer.canvas import Array, Colour, Point, mix
from stand.renderer.palette import Palette

BANDS = 10


@dataclasses.dataclass
class Sea:
    """The sea from `horizon` (share of the height) down; it glitters at `lamp_x` (pixels)."""

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
        """Return the water at that moment (seconds)."""
        width, height = self.size
        top = int(self.horizon * height)
        big = Image.new("RGBA", (width * 2, (height - top) * 2), (0, 0, 0, 0))
        draw = ImageDraw.Draw(big)
        deep = (height - top) * 2
        draw.rectangle((0, 2, width * 2, deep), fill=(*self._colour(0.0), 255))
        glitter = self._glitter(moment)
        unit = min(self.size) / 512 * 2
        for band in range(BANDS):
            share = band / (BANDS - 1)
            edge = self._edge(band, share, moment, deep)
            colour = self._colour(share)
            crest = mix(colour, self.palette.lit(mix(self.palette.middle, (255, 255, 255), 0.45)), 0.34)
            rise = 26 * share**1.5 * unit * self.swell
            # Each wave consists of four papers, from the light of its crest to the dark of its trough.
            for step in range(4):
                drop = edge + step * (0.3 + 0.22 * step) * rise
                line = [*zip(self._xs.tolist(), drop.tolist(), strict=True)]
                tone = mix(crest, colour, step / 3)
                draw.polygon([*line, (width * 2, deep), (0, deep)], fill=(*tone, 255))
                if step and rise < 2 * unit:
                    break
            self._foam(draw, edge, share, unit)
            self._sparkle(draw, glitter, share)
        layer = Image.new("RGBA", self.size, (0, 0, 0, 0))
        layer.paste(big.reduce(2), (0, top))
        return layer

    def _foam(self, draw: ImageDraw.ImageDraw, edge: Array, share: float, unit: float) -> None:
        """Draw white water: a line that swells where the crest is highest."""
        white = mix(self._colour(share), self.palette.lit((255, 255, 255)), min(0.92, 0.3 + 0.55 * share))
        low, high = float(edge.max()), float(edge.min())
        thick = (0.5 + 3.6 * share**1.4) * unit
        over = (low - edge) / max(low - high, 1e-3)
        width = thick * (0.22 + 1.1 * over**3)
        upper = [*zip(self._xs.tolist(), (edge - width * 0.35).tolist(), strict=True)]
        lower = [*zip(self._xs.tolist(), (edge + width).tolist(), strict=True)]
        draw.polygon([*upper, *reversed(lower)], fill=(*white, 255))

    def _colour(self, share: float) -> Colour:
        far = mix(self.palette.low, self.palette.near, 0.42)
        near = mix(self.palette.near, (0, 0, 0), 0.08)
        middle = mix(self.palette.middle, self.palette.near, 0.62)
        return mix(far, middle, share * 2) if share < 0.5 else mix(middle, near, share * 2 - 1)

    def _edge(self, band: int, share: float, moment: float, deep: int) -> Array:
        a, b, c = self._phases[band]
        unit = min(self.size) / 512 * 2
        length = (30 + 190 * share**1.2) * unit
        rise = (1.2 + 34 * share**1.5) * unit * self.swell
        x = self._xs
        pace = moment * (1.1 + 0.5 * share)
        # Crests are sharp and troughs round, as in real waves.
        lean = x / length * math.pi + a - pace
        crest = 1 - np.abs(np.sin(lean + 0.35 * np.sin(2 * lean)))
        chop = (
            np.sin(x / length * 7.3 + b + pace * 1.7) * 0.12 + np.sin(x / length * 1.7 + c + pace * 0.4) * 0.4
        )
        base = deep * (0.005 + 0.8 * share**1.35) + rise * 0.75
        heave = rise * 0.3 * math.sin(moment * 0.9 + a)
        edge: Array = (base - rise * (crest**1.25 + chop) + heave).astype(np.float32)
        return edge

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
            found.append(
                (
                    share**0.83,
                    (x, y),
                    (3 + 17 * share * length) * unit,
                    int(60 + 170 * flicker * (1 - 0.45 * share)),
                )
            )
        return found

    def _sparkle(
        self, draw: ImageDraw.ImageDraw, glitter: list[tuple[float, Point, float, int]], share: float
    ) -> None:
        unit = min(self.size) / 512 * 2
        for place, (x, y), half, alpha in glitter:
            if share <= place < share + 1 / (BANDS - 1):
                colour = mix(self._colour(share), self.palette.lamp, alpha / 255)
                thick = (0.8 + 1.3 * place) * unit / 2
                draw.ellipse((x - half, y - thick, x + half, y + thick), fill=(*colour, 255))
