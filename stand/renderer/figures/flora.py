"""Plants of cut paper, in the unit square."""

import math

from stand.renderer.canvas import Colour, ellipse, mix, rgb
from stand.renderer.figures.animals import CREAM, INK
from stand.renderer.figures.sprite import Part, piece


def flower(coat: Colour | None = None) -> list[Part]:
    """Return a large blossom with two leaves."""
    coat = coat or rgb("#ea5a7f")
    leaf = rgb("#3f9a5a")
    parts = [piece("485,450 515,450 520,750 510,980! 475,980! 480,750", leaf)]
    parts.append(piece("490,860 360,840 220,680! 400,700", leaf))
    parts.append(piece("510,780 630,760 790,600! 600,630", mix(leaf, CREAM, 0.12)))
    for ring, (reach, wide, tone) in enumerate(
        (
            (0.22, 0.105, mix(coat, INK, 0.12)),
            (0.16, 0.085, coat),
            (0.1, 0.06, mix(coat, (255, 255, 255), 0.3)),
        )
    ):
        for k in range(8):
            a = k * math.pi / 4 + ring * math.pi / 8
            x, y = 0.5 + math.cos(a) * reach, 0.33 + math.sin(a) * reach * 0.95
            parts.append(Part(ellipse(x, y, reach * 0.55, wide, a), tone, 0.12, 0.22))
    parts.append(Part(ellipse(0.5, 0.33, 0.075, 0.072), rgb("#f5c344"), 0.2))
    seeds = [(0.5 + math.cos(k * 0.9) * 0.038, 0.33 + math.sin(k * 0.9) * 0.036) for k in range(7)]
    parts += [Part(ellipse(x, y, 0.008, 0.008, steps=10), rgb("#b8742a"), 0, 0) for x, y in seeds]
    return parts


def tree(coat: Colour | None = None) -> list[Part]:
    """Return a broad tree with a round crown."""
    coat = coat or rgb("#4a9a56")
    bark = rgb("#6b4632")
    parts = [piece("440,550 560,550 560,800 640,980! 360,980! 440,800", bark, 0.25)]
    parts += [piece("450,620 300,500 320,460 480,560", bark), piece("550,640 700,520 680,480 520,580", bark)]
    for x, y, r, tone in (
        (0.3, 0.47, 0.2, 0.2),
        (0.7, 0.47, 0.2, 0.2),
        (0.5, 0.5, 0.2, 0.14),
        (0.38, 0.3, 0.2, 0.06),
        (0.63, 0.3, 0.2, 0.06),
        (0.5, 0.22, 0.19, 0.0),
        (0.46, 0.37, 0.15, 0.0),
    ):
        parts.append(Part(ellipse(x, y, r, r * 0.9), mix(coat, rgb("#0e3a34"), tone * 2), 0.2, 0.22))
    for k in range(9):
        x, y = (
            0.5 + 0.3 * math.cos(k * 2.4) * (0.4 + k / 14),
            0.34 + 0.22 * math.sin(k * 2.4) * (0.4 + k / 14),
        )
        parts.append(Part(ellipse(x, y, 0.04, 0.018, -0.4), mix(coat, (255, 250, 190), 0.3), 0, 0))
    return parts


def mushroom(coat: Colour | None = None) -> list[Part]:
    """Return a spotted toadstool and a small one beside it."""
    coat = coat or rgb("#d8412f")
    parts: list[Part] = []
    for x, y, s in ((0.76, 0.46, 0.5), (0.44, 0.02, 0.95)):

        def at(px: float, py: float, x: float = x, y: float = y, s: float = s) -> tuple[float, float]:
            return x + (px - 0.5) * s, y + py * s

        stem = [at(0.43, 0.4), at(0.57, 0.4), at(0.58, 0.75), at(0.64, 1.0), at(0.36, 1.0), at(0.42, 0.75)]
        parts.append(piece(stem, CREAM, 0.25))
        parts.append(Part(ellipse(*at(0.5, 0.48), 0.3 * s, 0.05 * s), mix(CREAM, INK, 0.2), 0.1))
        cap = [
            at(0.5, 0.06),
            at(0.72, 0.14),
            at(0.87, 0.36),
            at(0.84, 0.47),
            at(0.5, 0.5),
            at(0.16, 0.47),
            at(0.13, 0.36),
            at(0.28, 0.14),
        ]
        parts.append(piece(cap, coat, 0.22, 0.35))
        for px, py, r in (
            (0.42, 0.18, 0.06),
            (0.63, 0.23, 0.05),
            (0.28, 0.33, 0.05),
            (0.52, 0.37, 0.065),
            (0.75, 0.39, 0.045),
        ):
            parts.append(Part(ellipse(*at(px, py), r * s, r * s * 0.8), CREAM, 0.05, 0.12))
    return parts
