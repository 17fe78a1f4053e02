"""Animals that fly, swim or stand, in the unit square."""

from stand.renderer.canvas import Colour, ellipse, mix, rgb
from stand.renderer.figures.animals import CREAM, INK
from stand.renderer.figures.sprite import Part, mirrored, piece


def _both(part: Part, axis: float = 0.5) -> list[Part]:
    return [part, mirrored(part, axis)]


def owl(coat: Colour | None = None) -> list[Part]:
    """Return an owl, face on, upon a branch."""
    coat = coat or rgb("#8a6447")
    dark, pale = mix(coat, INK, 0.35), mix(coat, CREAM, 0.72)
    parts = [piece("20,900 300,885 700,895 980,870 980,915 600,945 200,940 20,950", rgb("#4a3328"))]
    parts += _both(piece("300,200 270,60! 420,150 420,280", coat))
    parts.append(
        piece("500,120 660,160 740,320 750,600 660,820 500,900 340,820 250,600 260,320 340,160", coat)
    )
    parts.append(piece("500,420 620,500 640,660 570,800 500,850 430,800 360,660 380,500", pale, 0.1, 0.15))
    for row in range(4):
        for k in range(-(row % 2) - 1, 3, 2):
            x, y = 0.5 + (k + 0.0) * 0.035, 0.56 + row * 0.065
            parts.append(piece([(x - 0.022, y, 1), (x + 0.022, y, 1), (x, y + 0.035, 1)], dark, 0, 0))
    parts += _both(piece("270,380 330,460 370,620 330,800 245,660 225,500", dark))
    parts += _both(Part(ellipse(0.4, 0.31, 0.105, 0.105), pale, 0.05, 0.3))
    parts += _both(Part(ellipse(0.405, 0.315, 0.07, 0.07), rgb("#f4b73f"), 0.1, 0.15))
    parts += _both(Part(ellipse(0.41, 0.32, 0.04, 0.042), INK, 0, 0))
    parts += [Part(ellipse(x, 0.303, 0.012, 0.012), (255, 255, 255), 0, 0) for x in (0.397, 0.577)]
    parts.append(piece("465,355! 535,355! 500,435!", rgb("#e69138"), 0.15))
    parts += _both(piece("400,870 470,870 470,915 400,915", rgb("#e69138"), 0.1))
    return parts


def deer(coat: Colour | None = None) -> list[Part]:
    """Return a stag that stands and looks this way."""
    coat = coat or rgb("#a5673f")
    dark, pale = mix(coat, INK, 0.3), mix(coat, CREAM, 0.75)
    parts: list[Part] = []
    for x, tone in ((0.60, dark), (0.33, dark), (0.68, coat), (0.40, coat)):
        parts.append(
            piece(
                [
                    (x, 0.62),
                    (x + 0.08, 0.62),
                    (x + 0.06, 0.78),
                    (x + 0.052, 0.965, 1),
                    (x + 0.012, 0.965, 1),
                    (x + 0.018, 0.78),
                ],
                tone,
                0.2,
                0.15,
            )
        )
        parts.append(
            piece(
                [(x + 0.008, 0.935, 1), (x + 0.056, 0.935, 1), (x + 0.058, 0.975, 1), (x + 0.002, 0.975, 1)],
                INK,
                0,
                0,
            )
        )
    parts.append(piece("770,500 830,500 840,560 800,600 760,560", pale, 0.1))
    parts.append(piece("340,500 500,460 700,460 790,530 770,650 640,690 480,690 350,660", coat))
    parts.append(piece("250,340 370,330 440,470 460,600 390,680 310,600 280,480", coat))
    parts.append(piece("270,420 330,460 370,560 370,660! 310,600 280,500", pale, 0.1, 0))
    for side in (-1, 1):
        base, bone = 0.31, rgb("#e3cfae")
        beam = [
            (base + side * 0.035, 0.235),
            (base + side * 0.1, 0.17),
            (base + side * 0.155, 0.08),
            (base + side * 0.15, 0.0),
            (base + side * 0.165, 0.0),
            (base + side * 0.18, 0.09),
            (base + side * 0.125, 0.185),
            (base + side * 0.055, 0.25),
        ]
        parts.append(piece(beam, bone, 0.2))
        for y, dx, up in ((0.16, 0.115, 0.1), (0.09, 0.16, 0.085)):
            x = base + side * dx
            parts.append(
                piece(
                    [(x, y, 1), (x - side * 0.05, y - up, 1), (x + side * 0.018, y + 0.012, 1)], bone, 0.1, 0
                )
            )
        parts.append(
            piece(
                [
                    (base + side * 0.07, 0.27),
                    (base + side * 0.17, 0.235),
                    (base + side * 0.15, 0.3),
                    (base + side * 0.08, 0.32),
                ],
                coat,
                0.15,
            )
        )
    parts.append(piece("310,220 385,250 390,330 350,430 310,455 270,430 230,330 235,250", coat, 0.08, 0.35))
    parts.append(Part(ellipse(0.31, 0.415, 0.045, 0.042), pale, 0.05, 0.1))
    parts.append(Part(ellipse(0.31, 0.41, 0.026, 0.018), INK, 0, 0))
    parts += _both(Part(ellipse(0.255, 0.32, 0.014, 0.019), INK, 0, 0), 0.31)
    return parts


def bird(coat: Colour | None = None) -> list[Part]:
    """Return a bird on wide wings."""
    coat = coat or rgb("#f2f1ec")
    dark = mix(coat, INK, 0.55)
    far = "470,520 400,360 240,200 60,130! 160,270 260,420 380,560"
    near = "520,500 600,320 770,140 970,50! 900,200 780,400 630,570"
    tip = "970,50! 770,140 720,190 840,270! 900,200"
    end = "60,130! 240,200 290,250 200,335! 160,270"
    parts = [piece("680,600 880,670! 840,720 860,770! 640,670", mix(coat, INK, 0.2))]
    parts += [piece(far, mix(coat, INK, 0.18)), piece(end, dark, 0.1, 0)]
    parts.append(piece("200,550 300,500 500,520 680,580 740,640 560,680 340,660 220,620", coat))
    parts += [piece(near, coat, 0.12, 0.35), piece(tip, dark, 0.1, 0)]
    parts.append(piece("200,560! 90,595! 210,610!", rgb("#f0a13a"), 0.1))
    parts.append(Part(ellipse(0.245, 0.565, 0.013, 0.014), INK, 0, 0))
    return parts


def fish(coat: Colour | None = None) -> list[Part]:
    """Return a striped fish that swims to the left."""
    coat = coat or rgb("#f08a35")
    dark, pale = mix(coat, INK, 0.25), mix(coat, (255, 255, 255), 0.75)
    parts = [piece("700,500 860,330 980,270! 920,500 980,730! 860,670", dark, 0.2)]
    parts.append(piece("360,330 460,170 620,160 720,270! 660,400", dark, 0.1))
    parts.append(piece("420,680 500,800 600,820! 620,660", dark, 0.1))
    parts.append(piece("80,520 200,360 420,270 620,340 780,500 620,660 420,730 200,660", coat, 0.25))
    for x, half in ((0.30, 0.2), (0.52, 0.2)):
        parts.append(
            piece(
                [
                    (x - 0.03, 0.5 - half),
                    (x + 0.045, 0.5 - half - 0.01),
                    (x + 0.075, 0.5),
                    (x + 0.045, 0.5 + half),
                    (x - 0.03, 0.5 + half),
                    (x + 0.0, 0.5),
                ],
                pale,
                0.1,
                0.12,
            )
        )
    parts.append(piece("400,500 520,470 560,560 480,620", dark, 0.1))
    parts += [
        Part(ellipse(0.2, 0.46, 0.042, 0.044), (255, 255, 255), 0, 0.15),
        Part(ellipse(0.192, 0.462, 0.024, 0.026), INK, 0, 0),
    ]
    for k in range(3):
        parts.append(
            Part(
                ellipse(0.05 - 0.012 * k, 0.36 - k * 0.1, 0.012 + 0.005 * k, 0.012 + 0.005 * k),
                (215, 243, 255),
                0,
                0,
            )
        )
    return parts
