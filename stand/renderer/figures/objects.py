"""Man-made objects, in the unit square."""

import math

from stand.renderer.canvas import Colour, Point, ellipse, mix, rgb
from stand.renderer.figures.animals import CREAM, INK
from stand.renderer.figures.sprite import Part, flat, mirrored, piece

GLASS = rgb("#ffe09a")


def _box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _both(part: Part, axis: float = 0.5) -> list[Part]:
    return [part, mirrored(part, axis)]


def boat(coat: Colour | None = None) -> list[Part]:
    """Return a sailing boat."""
    coat = coat or rgb("#b5452f")
    sail = rgb("#fbf3e2")
    parts = [Part(_box(0.487, 0.04, 0.505, 0.8), rgb("#5a3c2c"), 0)]
    parts.append(piece("515,80! 700,300 830,660! 515,700!", sail, 0.2))
    parts.append(piece("475,160! 360,400 200,640! 475,680!", mix(sail, coat, 0.25), 0.2))
    parts.append(flat("505,40 620,65 505,95", coat, 0, 0))
    parts.append(piece("80,750! 500,780 920,730! 840,880 740,950! 240,950! 140,870", coat, 0.25))
    parts.append(piece("80,750! 500,780 920,730! 910,760! 500,810 90,780!", sail, 0, 0))
    return parts


def balloon(coat: Colour | None = None) -> list[Part]:
    """Return a hot-air balloon in stripes."""
    coat = coat or rgb("#e2553d")
    gold = rgb("#f6c453") if coat[0] - coat[2] > 60 else CREAM
    ropes = ["372,660 378,660 423,860 417,860", "452,660 458,660 473,860 467,860"]
    ropes += ["548,660 554,660 533,860 527,860", "628,660 634,660 583,860 577,860"]
    parts = [flat(rope, INK, 0, 0) for rope in ropes]
    for k, share in enumerate((1.0, 0.78, 0.5, 0.2)):
        r = 0.36 * share
        outline = [
            (0.5, 0.02),
            (0.5 + r * 0.72, 0.09),
            (0.5 + r, 0.31),
            (0.5 + r * 0.78, 0.52),
            (0.5 + r * 0.3, 0.7),
            (0.5 - r * 0.3, 0.7),
            (0.5 - r * 0.78, 0.52),
            (0.5 - r, 0.31),
            (0.5 - r * 0.72, 0.09),
        ]
        parts.append(piece(outline, (coat, gold)[k % 2], 0.25, 0.1))
    parts.append(piece("410,850! 590,850! 570,970 430,970", rgb("#8a5a36"), 0.25))
    return parts


def robot(coat: Colour | None = None) -> list[Part]:
    """Return a friendly robot."""
    coat = coat or rgb("#8fa3b8")
    dark, glow = mix(coat, INK, 0.4), rgb("#7df0e0")
    parts = [
        Part(_box(0.492, 0.02, 0.508, 0.14), dark, 0),
        Part(ellipse(0.5, 0.03, 0.03, 0.03), rgb("#f0604a"), 0.1),
    ]
    parts += _both(piece("270,500 190,520 150,660 170,760 225,760 235,660 290,580", dark))
    parts += _both(piece(_box(0.35, 0.78, 0.46, 0.95), dark)) + _both(
        piece("310,920 470,920 470,975! 290,975!", coat)
    )
    parts.append(piece("300,460 500,440 700,460 720,650 680,820 500,840 320,820 280,650", coat))
    parts += [
        piece("390,560 610,560 610,700 390,700", dark, 0.1),
        Part(ellipse(0.5, 0.63, 0.045, 0.045), rgb("#ffcf5a"), 0.1),
    ]
    parts.append(
        piece(
            "270,150 500,120 730,150 760,280 730,410 500,440 270,410 240,280",
            mix(coat, (255, 255, 255), 0.2),
            0.15,
            0.4,
        )
    )
    parts.append(
        piece("320,200 500,185 680,200 690,280 660,355 500,370 340,355 310,280", rgb("#1f2b3d"), 0.1)
    )
    parts += _both(Part(ellipse(0.42, 0.265, 0.036, 0.042), glow, 0, 0))
    parts.append(piece("440,320 500,335 560,320 500,352", glow, 0, 0))
    return parts


def rocket(coat: Colour | None = None) -> list[Part]:
    """Return a rocket under way."""
    coat = coat or rgb("#e0483c")
    hull = rgb("#f1f1f5")
    parts = [piece("420,740 580,740 600,860 500,1000! 400,860", rgb("#f58b2e"), 0, 0)]
    parts.append(piece("455,740 545,740 550,820 500,920! 450,820", rgb("#ffe27a"), 0, 0))
    parts += _both(piece("370,500 260,620 240,800! 400,700", coat))
    parts.append(
        piece("500,30! 600,160 650,360 640,580 590,750! 410,750! 360,580 350,360 400,160", hull, 0.15)
    )
    parts.append(piece("500,30! 575,115 612,200! 500,225 388,200! 425,115", coat, 0.1, 0.1))
    parts += [
        Part(ellipse(0.5, 0.37, 0.085, 0.085), mix(hull, INK, 0.4), 0.1),
        Part(ellipse(0.5, 0.37, 0.062, 0.062), rgb("#4fb4e8"), 0.2),
    ]
    parts.append(piece("485,520 515,520 525,780 475,780", coat, 0.1))
    return parts


def car(coat: Colour | None = None) -> list[Part]:
    """Return a small round car."""
    coat = coat or rgb("#2f86c9")
    parts = [piece("240,620! 310,450 420,390 620,390 720,460 790,620!", mix(coat, INK, 0.1), 0.1)]
    parts += [
        piece("300,610! 350,480 480,445 480,610!", rgb("#cfe9f5"), 0.1, 0.1),
        piece("520,610! 520,445 630,460 710,610!", rgb("#cfe9f5"), 0.1, 0.1),
    ]
    parts.append(piece("60,720 100,640 240,605 780,605 920,650 950,760 920,860 500,880 80,860", coat, 0.25))
    parts += [
        Part(ellipse(0.1, 0.72, 0.03, 0.035), rgb("#fff0b8"), 0, 0),
        Part(_box(0.44, 0.68, 0.52, 0.695), mix(coat, INK, 0.5), 0, 0),
    ]
    for x in (0.26, 0.74):
        parts += [
            Part(ellipse(x, 0.87, 0.1, 0.1), INK, 0),
            Part(ellipse(x, 0.87, 0.05, 0.05), rgb("#c9ced6"), 0.2, 0),
        ]
    return parts


def person(coat: Colour | None = None) -> list[Part]:
    """Return a person in a long coat and scarf, seen from behind."""
    coat = coat or rgb("#33507a")
    parts = _both(piece("410,820 490,820 485,965 415,970", rgb("#2a2630")))
    parts.append(piece("400,340 500,310 600,340 640,550 680,870 500,900 320,870 360,550", coat, 0.2))
    parts += _both(piece("405,350 350,440 315,630 360,650 400,520", mix(coat, INK, 0.18)))
    parts.append(Part(ellipse(0.5, 0.2, 0.088, 0.1), rgb("#f0c9a5"), 0.1))
    parts.append(piece("410,200 420,110 500,75 580,110 590,200 570,290 430,290", rgb("#4a2f26"), 0.1))
    parts.append(piece("400,290 500,275 600,290 610,350 500,375 390,350", rgb("#d8432f"), 0.1))
    parts.append(piece("570,330 660,380 760,360 750,420 650,440 560,380", rgb("#c43a28"), 0.1))
    return parts


def cup(coat: Colour | None = None) -> list[Part]:
    """Return a steaming cup on a saucer."""
    coat = coat or rgb("#e9e2d4")
    parts = [Part(ellipse(0.46, 0.9, 0.38, 0.06), mix(coat, INK, 0.15), 0.2)]
    ring = [*ellipse(0.76, 0.62, 0.13, 0.14), *reversed(ellipse(0.75, 0.62, 0.08, 0.09))]
    parts.append(Part(ring, coat, 0.2))
    parts.append(piece("160,440! 760,440! 740,680 620,880 460,910 300,880 180,680", coat, 0.25))
    parts += [
        Part(ellipse(0.46, 0.44, 0.3, 0.065), mix(coat, (255, 255, 255), 0.4), 0.1, 0.1),
        Part(ellipse(0.46, 0.447, 0.265, 0.05), rgb("#6a4028"), 0.15, 0),
    ]
    for x in (0.34, 0.47, 0.6):
        steam = [(x + 0.03 * math.sin(k * 1.3) - 0.012, 0.36 - k * 0.05) for k in range(7)]
        back = [(px + 0.026 - 0.003 * k, py) for k, (px, py) in enumerate(steam)]
        parts.append(Part([*steam, *reversed(back)], (250, 250, 250), 0, 0))
    return parts


def heart(coat: Colour | None = None) -> list[Part]:
    """Return a folded heart."""
    coat = coat or rgb("#e0344f")
    whole = "500,300! 580,180 740,120 900,220 920,400 800,620 500,920! 200,620 80,400 100,220 260,120 420,180"
    half = "500,300! 580,180 740,120 900,220 920,400 800,620 500,920!"
    parts = [piece(whole, coat, 0.15), piece(half, mix(coat, INK, 0.22), 0.1, 0)]
    parts.append(Part(ellipse(0.27, 0.27, 0.07, 0.035, -0.7), mix(coat, (255, 255, 255), 0.6), 0, 0))
    return parts
