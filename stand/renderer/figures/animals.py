"""Animals of cut paper, in the unit square."""

from stand.renderer.canvas import Colour, ellipse, mix, rgb
from stand.renderer.figures.sprite import Part, mirrored, piece

INK = rgb("#221a24")
CREAM = rgb("#fdf3e4")
AXIS = 0.37


def _pair(part: Part) -> list[Part]:
    return [part, mirrored(part, AXIS)]


def _eyes(colour: Colour = INK, y: float = 0.315, apart: float = 0.1, r: float = 0.023) -> list[Part]:
    parts = _pair(Part(ellipse(AXIS - apart, y, r, r * 1.25), colour, 0, 0))
    parts += [
        Part(ellipse(x - 0.006, y - 0.009, r * 0.34, r * 0.34), (255, 255, 255), 0, 0)
        for x in (AXIS - apart, AXIS + apart)
    ]
    return parts


def _sitting(coat: Colour, belly: Colour, socks: Colour) -> list[Part]:
    body = "360,380 500,430 620,580 690,780 670,950! 240,950! 235,720 260,520"
    bib = "270,430 370,470 480,430 475,580 420,680 370,790! 320,680 265,580"
    dark = mix(coat, INK, 0.12)
    parts = [piece(body, coat), piece(bib, belly, 0.1)]
    parts.append(piece("520,680 620,700 685,820 660,950! 470,950! 460,800", dark))
    parts.append(piece("460,915 580,905 650,950! 640,975 440,975 425,945", socks, 0.1))
    for x in (0.275, 0.385):
        leg = [
            (x, 0.6),
            (x + 0.08, 0.6),
            (x + 0.083, 0.8),
            (x + 0.08, 0.95),
            (x + 0.04, 0.972),
            (x - 0.012, 0.955),
            (x - 0.003, 0.8),
        ]
        sock = [
            (x - 0.001, 0.83, 1),
            (x + 0.083, 0.83, 1),
            (x + 0.085, 0.94),
            (x + 0.07, 0.976),
            (x - 0.008, 0.976),
            (x - 0.012, 0.94),
        ]
        parts += [piece(leg, coat, 0.1), piece(sock, socks, 0.1, 0)]
    return parts


def fox(coat: Colour | None = None) -> list[Part]:
    """Return a sitting fox."""
    coat = mix(coat, rgb("#e8622a"), 0.6) if coat else rgb("#e2622b")
    return _canine(coat, CREAM, rgb("#3a2028"))


def wolf(coat: Colour | None = None) -> list[Part]:
    """Return a sitting wolf."""
    return _canine(coat or rgb("#76808f"), rgb("#dfe3ea"), rgb("#414a58"), tip=False)


def _canine(coat: Colour, white: Colour, socks: Colour, *, tip: bool = True) -> list[Part]:
    tail = "580,930 700,950 860,890 955,720 950,550 885,400! 800,520 775,680 700,790 600,840"
    end = "885,400! 950,550 957,630 915,600 875,635 835,585 785,600 810,500"
    parts = [piece(tail, coat, 0.2)]
    if tip:
        parts.append(piece(end, white, 0.06, 0.12))
    parts += _sitting(coat, white, socks)
    ear = piece("135,280 150,15! 335,170 240,300", coat, 0.1)
    inner = piece("175,210 180,85! 275,180 220,240", socks, 0, 0.1)
    parts += [*_pair(ear), *_pair(inner)]
    face = "370,145 470,155 575,250 645,365! 530,405 430,455 370,495 310,455 210,405 95,365! 165,250 270,155"
    parts.append(piece(face, coat, 0.06, 0.4))
    cheek = "95,365! 200,325 300,360 345,435 370,495! 310,455 210,405"
    parts += _pair(piece(cheek, white, 0.04, 0.08))
    parts += _eyes()
    parts.append(piece("335,435 370,430 405,435 390,468 370,478 350,468", INK, 0, 0.1))
    return parts


def dog(coat: Colour | None = None) -> list[Part]:
    """Return a sitting dog with hanging ears."""
    coat = coat or rgb("#c98a4b")
    ear_tone = mix(coat, INK, 0.4)
    tail = "620,900 740,840 820,700 850,560 800,550 755,670 660,780"
    parts = [piece(tail, coat, 0.2), *_sitting(coat, mix(coat, CREAM, 0.75), mix(coat, CREAM, 0.6))]
    parts.append(Part(ellipse(AXIS, 0.29, 0.2, 0.185), coat, 0.08, 0.4))
    parts += _pair(piece("235,130 170,160 110,280 115,400 170,430 215,330 250,200", ear_tone, 0.1))
    parts.append(Part(ellipse(AXIS, 0.385, 0.105, 0.085), mix(coat, CREAM, 0.75), 0.06, 0.15))
    parts += _eyes(apart=0.085, y=0.285)
    parts.append(piece("325,345 370,335 415,345 395,385 370,395 345,385", INK, 0, 0.1))
    parts.append(piece("345,425 395,425 390,475 370,485 350,475", rgb("#e8727d"), 0.1, 0))
    return parts


def cat(coat: Colour | None = None) -> list[Part]:
    """Return a sitting cat with a curled tail and stripes."""
    coat = coat or rgb("#8b8f9c")
    stripe, pale = mix(coat, INK, 0.4), mix(coat, CREAM, 0.8)
    tail = "600,950 800,950 900,820 860,660 890,550 840,520 790,620 810,780 740,860 600,860"
    parts = [piece(tail, stripe, 0.15), *_sitting(coat, pale, pale)]
    stripes = ("590,560! 504,572 484,595! 604,595!", "625,630! 532,642 512,665! 632,665!")
    parts += [piece(outline, stripe, 0, 0) for outline in (*stripes, "660,700! 560,712 540,735! 660,735!")]
    ear = piece("165,270 165,70! 325,165 250,280", coat, 0.1)
    inner = piece("195,220 192,125! 275,175", rgb("#e7a5a5"), 0, 0.1)
    parts += [*_pair(ear), *_pair(inner)]
    face = "370,145 480,165 560,260 575,360 490,450 370,475 250,450 165,360 180,260 260,165"
    parts.append(piece(face, coat, 0.06, 0.4))
    for dx in (-0.05, 0.0, 0.05):
        parts.append(
            piece(
                [
                    (AXIS + dx - 0.012, 0.155 + abs(dx) * 0.25, 1),
                    (AXIS + dx + 0.012, 0.155 + abs(dx) * 0.25, 1),
                    (AXIS + dx * 0.8, 0.235, 1),
                ],
                stripe,
                0,
                0,
            )
        )
    parts += _pair(Part(ellipse(0.335, 0.405, 0.055, 0.045), pale, 0, 0))
    parts += _pair(Part(ellipse(AXIS - 0.095, 0.315, 0.042, 0.042), rgb("#c6d96a"), 0.1, 0.15))
    parts += _eyes(y=0.315, apart=0.095, r=0.021)
    parts.append(piece("345,372! 395,372! 370,402!", rgb("#d87c83"), 0, 0))
    for y, drop in ((0.395, -0.02), (0.41, 0.01), (0.425, 0.035)):
        parts += _pair(
            Part(
                [(0.31, y), (0.10, y + drop), (0.10, y + drop + 0.005), (0.31, y + 0.007)],
                mix(pale, INK, 0.15),
                0,
                0,
            )
        )
    return parts


def rabbit(coat: Colour | None = None) -> list[Part]:
    """Return a sitting rabbit."""
    coat = coat or rgb("#b9a493")
    pale = mix(coat, CREAM, 0.8)
    parts = [Part(ellipse(0.7, 0.86, 0.07, 0.07), pale, 0.05), *_sitting(coat, pale, pale)]
    ear = piece("250,250 190,80 225,-120 280,-130 325,20 335,200", coat, 0.1)
    inner = piece("265,160 230,40 250,-80 285,20 300,150", rgb("#e9aeb0"), 0, 0.1)
    parts += [*_pair(ear), *_pair(inner), Part(ellipse(AXIS, 0.31, 0.165, 0.16), coat, 0.06, 0.4)]
    parts += _pair(Part(ellipse(0.325, 0.395, 0.06, 0.052), pale, 0.04, 0.08))
    parts += _eyes(y=0.30, apart=0.09, r=0.025)
    parts.append(piece("345,350! 395,350! 370,380!", rgb("#d87c83"), 0, 0))
    return [Part([(x, 0.1 + y * 0.9) for x, y in p.outline], p.colour, p.shade, p.shadow) for p in parts]


def bear(coat: Colour | None = None) -> list[Part]:
    """Return a sitting bear."""
    coat = coat or rgb("#7a5238")
    pale, dark = mix(coat, CREAM, 0.55), mix(coat, INK, 0.3)
    a = 0.45
    parts = [
        piece(
            [
                (a, 0.38),
                (0.64, 0.46),
                (0.76, 0.66),
                (0.76, 0.88),
                (0.66, 0.97),
                (0.24, 0.97),
                (0.14, 0.88),
                (0.14, 0.66),
                (0.26, 0.46),
            ],
            coat,
        )
    ]
    parts.append(Part(ellipse(a, 0.73, 0.19, 0.2), pale, 0.1, 0.12))
    parts += [Part(ellipse(x, 0.92, 0.1, 0.075), dark, 0.08) for x in (0.25, 0.65)]
    for flip in (False, True):
        for part in (
            piece("220,500 280,540 240,700 160,800 90,750 120,620", coat, 0.15),
            Part(ellipse(0.27, 0.115, 0.078, 0.078), coat, 0.1),
            Part(ellipse(0.27, 0.12, 0.042, 0.042), pale, 0, 0.1),
        ):
            parts.append(mirrored(part, a) if flip else part)
    parts.append(
        piece(
            [
                (a, 0.09),
                (0.58, 0.12),
                (0.68, 0.26),
                (0.66, 0.39),
                (0.55, 0.475),
                (a, 0.49),
                (0.35, 0.475),
                (0.24, 0.39),
                (0.22, 0.26),
                (0.32, 0.12),
            ],
            coat,
            0.06,
            0.4,
        )
    )
    parts.append(Part(ellipse(a, 0.375, 0.11, 0.088), pale, 0.06, 0.15))
    parts.append(Part(ellipse(a, 0.335, 0.045, 0.032), INK, 0, 0.1))
    for x in (a - 0.105, a + 0.105):
        parts += [
            Part(ellipse(x, 0.275, 0.021, 0.026), INK, 0, 0),
            Part(ellipse(x - 0.006, 0.266, 0.007, 0.007), (255, 255, 255), 0, 0),
        ]
    return parts
