"""Buildings of cut paper, in the unit square."""

from stand.renderer.canvas import Colour, Point, ellipse, mix, rgb
from stand.renderer.figures.animals import CREAM, INK
from stand.renderer.figures.sprite import Part, flat, piece

GLASS = rgb("#ffd67a")


def _box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def house(coat: Colour | None = None) -> list[Part]:
    """Return a cottage with warm windows."""
    wall, roof, wood = rgb("#efdcc0"), coat or rgb("#b9483a"), rgb("#6a4632")
    parts = [
        Part(_box(0.66, 0.14, 0.76, 0.42), rgb("#8d5a4a"), 0.2),
        Part(_box(0.645, 0.12, 0.775, 0.165), rgb("#6f4438"), 0.1),
    ]
    parts.append(flat("200,480 500,200 800,480 800,970 200,970", wall, 0.2))
    parts.append(Part(_box(0.2, 0.9, 0.8, 0.97), rgb("#9b8877"), 0.1, 0))
    parts.append(flat("500,130 900,500 850,550 500,235 150,550 100,500", roof, 0.2, 0.4))
    parts += [
        Part(_box(0.43, 0.66, 0.57, 0.97), wood, 0.2),
        Part(ellipse(0.545, 0.82, 0.012, 0.012), GLASS, 0, 0),
    ]
    for x in (0.25, 0.63):
        parts += [
            Part(_box(x - 0.012, 0.6, x + 0.132, 0.8), wood, 0.1),
            Part(_box(x, 0.612, x + 0.12, 0.788), GLASS, 0.1, 0.1),
        ]
        parts += [
            Part(_box(x + 0.054, 0.612, x + 0.066, 0.788), wood, 0, 0),
            Part(_box(x, 0.694, x + 0.12, 0.706), wood, 0, 0),
        ]
    parts += [
        Part(ellipse(0.5, 0.42, 0.062, 0.062), wood, 0.1),
        Part(ellipse(0.5, 0.42, 0.048, 0.048), GLASS, 0.1, 0),
    ]
    return parts


def castle(coat: Colour | None = None) -> list[Part]:
    """Return a castle with pointed towers."""
    stone, roof = rgb("#b9b4c4"), coat or rgb("#44569c")
    dark = mix(stone, INK, 0.3)
    parts: list[Part] = []

    def tower(x: float, wide: float, top: float, tone: Colour) -> None:
        parts.append(Part(_box(x - wide, top, x + wide, 0.97), tone, 0.25))
        parts.append(
            Part(
                [(x - wide * 1.3, top + 0.01), (x, top - wide * 3.2), (x + wide * 1.3, top + 0.01)], roof, 0.2
            )
        )
        parts.append(
            Part(
                [(x, top - wide * 3.2), (x, top - wide * 3.2 - 0.07), (x + 0.07, top - wide * 3.2 - 0.045)],
                rgb("#d8432f"),
                0,
                0,
            )
        )
        arch = [
            (x - wide * 0.3, top + 0.17),
            (x - wide * 0.3, top + 0.09),
            (x, top + 0.055),
            (x + wide * 0.3, top + 0.09),
            (x + wide * 0.3, top + 0.17),
        ]
        parts.append(Part(arch, GLASS, 0, 0))

    tower(0.38, 0.06, 0.36, dark)
    tower(0.64, 0.06, 0.42, dark)
    tower(0.5, 0.085, 0.34, stone)
    parts.append(Part(_box(0.16, 0.62, 0.84, 0.97), stone, 0.2))
    parts += [Part(_box(0.16 + k * 0.085, 0.585, 0.21 + k * 0.085, 0.63), stone, 0, 0) for k in range(8)]
    tower(0.16, 0.075, 0.5, stone)
    tower(0.84, 0.075, 0.5, stone)
    gate = "420,970 420,790 450,730 500,710 550,730 580,790 580,970"
    parts.append(flat(gate, rgb("#4a3328"), 0.1))
    return parts


def lighthouse(coat: Colour | None = None) -> list[Part]:
    """Return a banded lighthouse on its rock."""
    coat = coat or rgb("#d8432f")
    parts: list[Part] = []
    rock = "100,970! 160,860 300,800 420,780 600,790 740,840 880,880 950,970!"

    def edge(y: float) -> float:
        return 0.075 + (y - 0.26) * 0.09

    parts.append(
        Part(
            [
                (0.5 - edge(0.26), 0.26),
                (0.5 + edge(0.26), 0.26),
                (0.5 + edge(0.86), 0.86),
                (0.5 - edge(0.86), 0.86),
            ],
            CREAM,
            0.1,
        )
    )
    for top in (0.33, 0.53, 0.73):
        low = top + 0.1
        parts.append(
            Part(
                [
                    (0.5 - edge(top), top),
                    (0.5 + edge(top), top),
                    (0.5 + edge(low), low),
                    (0.5 - edge(low), low),
                ],
                coat,
                0.1,
                0,
            )
        )
    parts += [
        Part(_box(0.39, 0.245, 0.61, 0.275), INK, 0, 0.2),
        Part(_box(0.45, 0.155, 0.55, 0.245), rgb("#ffe79a"), 0, 0),
    ]
    parts += [flat("420,160 500,70 580,160", coat, 0.1), Part(ellipse(0.5, 0.07, 0.012, 0.02), INK, 0, 0)]
    parts += [Part(_box(0.485, y, 0.515, y + 0.05), INK, 0, 0) for y in (0.46, 0.66)]
    parts.append(piece(rock, rgb("#4d4a58"), 0.3))
    return parts
