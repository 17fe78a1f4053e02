"""Animals of cut paper, in the unit square."""

from sandbox.renderer.canvas import Colour, ellipse, mix, rgb
from sandbox.renderer.sprite import Part, mirrored, piece

INK = rgb("#221a24")
CREAM = rgb("#fdf3e4")
AXIS = 0.37


def _pair(part: Part) -> list[Part]:
    return [part, mirrored(part, AXIS)]


def _eyes(colour: Colour = INK, y: float = 0.315, apart: float = 0.1, r: float = 0.023) -> list[Part]:
    parts = _pair(Part(ellipse(AXIS - apart, y, r, r * 1.25), colour, 0, 0))
    parts += [Part(ellipse(x - 0.006, y - 0.009, r * 0.34, r * 0.34), (255, 255, 255), 0, 0) for x in (AXIS - apart, AXIS + apart)]
    return parts


def _sitting(coat: Colour, belly: Colour, socks: Colour) -> list[Part]:
    body = [(0.36, 0.38), (0.50, 0.43), (0.62, 0.58), (0.69, 0.78), (0.67, 0.95, 1), (0.24, 0.95, 1), (0.235, 0.72), (0.26, 0.52)]
    bib = [(0.27, 0.43), (0.37, 0.47), (0.48, 0.43), (0.475, 0.58), (0.42, 0.68), (0.37, 0.79, 1), (0.32, 0.68), (0.265, 0.58)]
    dark = mix(coat, INK, 0.12)
    parts = [piece(body, coat), piece(bib, belly, 0.1)]
    parts.append(piece([(0.52, 0.68), (0.62, 0.7), (0.685, 0.82), (0.66, 0.95, 1), (0.47, 0.95, 1), (0.46, 0.8)], dark))
    parts.append(piece([(0.46, 0.915), (0.58, 0.905), (0.65, 0.95, 1), (0.64, 0.975), (0.44, 0.975), (0.425, 0.945)], socks, 0.1))
    for x in (0.275, 0.385):
        leg = [(x, 0.6), (x + 0.08, 0.6), (x + 0.083, 0.8), (x + 0.08, 0.95), (x + 0.04, 0.972), (x - 0.012, 0.955), (x - 0.003, 0.8)]
        sock = [(x - 0.001, 0.83, 1), (x + 0.083, 0.83, 1), (x + 0.085, 0.94), (x + 0.07, 0.976), (x - 0.008, 0.976), (x - 0.012, 0.94)]
        parts += [piece(leg, coat, 0.1), piece(sock, socks, 0.1, 0)]
    return parts


def fox(coat: Colour | None = None, *, white: Colour = CREAM, socks: Colour = rgb("#3a2028")) -> list[Part]:
    """A sitting fox; in grey it is a wolf."""
    coat = mix(coat, rgb("#e8622a"), 0.6) if coat else rgb("#e2622b")
    return _canine(coat, white, socks)


def wolf(coat: Colour | None = None) -> list[Part]:
    """A sitting wolf."""
    return _canine(coat or rgb("#76808f"), rgb("#dfe3ea"), rgb("#414a58"), tip=False)


def _canine(coat: Colour, white: Colour, socks: Colour, *, tip: bool = True) -> list[Part]:
    tail = [(0.58, 0.93), (0.70, 0.95), (0.86, 0.89), (0.955, 0.72), (0.95, 0.55), (0.885, 0.40, 1), (0.80, 0.52), (0.775, 0.68), (0.70, 0.79), (0.60, 0.84)]
    end = [(0.885, 0.40, 1), (0.95, 0.55), (0.957, 0.63), (0.915, 0.60), (0.875, 0.635), (0.835, 0.585), (0.785, 0.60), (0.81, 0.50)]
    parts = [piece(tail, coat, 0.2)]
    if tip:
        parts.append(piece(end, white, 0.06, 0.12))
    parts += _sitting(coat, white, socks)
    ear = piece([(0.135, 0.28), (0.15, 0.015, 1), (0.335, 0.17), (0.24, 0.30)], coat, 0.1)
    inner = piece([(0.175, 0.21), (0.18, 0.085, 1), (0.275, 0.18), (0.22, 0.24)], socks, 0, 0.1)
    parts += [*_pair(ear), *_pair(inner)]
    face = [(0.37, 0.145), (0.47, 0.155), (0.575, 0.25), (0.645, 0.365, 1), (0.53, 0.405), (0.43, 0.455), (0.37, 0.495), (0.31, 0.455), (0.21, 0.405), (0.095, 0.365, 1), (0.165, 0.25), (0.27, 0.155)]
    parts.append(piece(face, coat, 0.06, 0.4))
    cheek = [(0.095, 0.365, 1), (0.20, 0.325), (0.30, 0.36), (0.345, 0.435), (0.37, 0.495, 1), (0.31, 0.455), (0.21, 0.405)]
    parts += _pair(piece(cheek, white, 0.04, 0.08))
    parts += _eyes()
    parts.append(piece([(0.335, 0.435), (0.37, 0.43), (0.405, 0.435), (0.39, 0.468), (0.37, 0.478), (0.35, 0.468)], INK, 0, 0.1))
    return parts


def dog(coat: Colour | None = None) -> list[Part]:
    """A sitting dog with hanging ears."""
    coat = coat or rgb("#c98a4b")
    ear_tone = mix(coat, INK, 0.4)
    tail = [(0.62, 0.9), (0.74, 0.84), (0.82, 0.7), (0.85, 0.56), (0.8, 0.55), (0.755, 0.67), (0.66, 0.78)]
    parts = [piece(tail, coat, 0.2), *_sitting(coat, mix(coat, CREAM, 0.75), mix(coat, CREAM, 0.6))]
    parts.append(Part(ellipse(AXIS, 0.29, 0.2, 0.185), coat, 0.08, 0.4))
    parts += _pair(piece([(0.235, 0.13), (0.17, 0.16), (0.11, 0.28), (0.115, 0.40), (0.17, 0.43), (0.215, 0.33), (0.25, 0.2)], ear_tone, 0.1))
    parts.append(Part(ellipse(AXIS, 0.385, 0.105, 0.085), mix(coat, CREAM, 0.75), 0.06, 0.15))
    parts += _eyes(apart=0.085, y=0.285)
    parts.append(piece([(0.325, 0.345), (0.37, 0.335), (0.415, 0.345), (0.395, 0.385), (0.37, 0.395), (0.345, 0.385)], INK, 0, 0.1))
    parts.append(piece([(0.345, 0.425), (0.395, 0.425), (0.39, 0.475), (0.37, 0.485), (0.35, 0.475)], rgb("#e8727d"), 0.1, 0))
    return parts


def cat(coat: Colour | None = None) -> list[Part]:
    """A sitting cat with a curled tail and stripes."""
    coat = coat or rgb("#8b8f9c")
    stripe, pale = mix(coat, INK, 0.4), mix(coat, CREAM, 0.8)
    tail = [(0.60, 0.95), (0.80, 0.95), (0.90, 0.82), (0.86, 0.66), (0.89, 0.55), (0.84, 0.52), (0.79, 0.62), (0.81, 0.78), (0.74, 0.86), (0.6, 0.86)]
    parts = [piece(tail, stripe, 0.15), *_sitting(coat, pale, pale)]
    for y in (0.56, 0.63, 0.70):
        parts.append(piece([(0.66 - (0.7 - y) * 0.5, y, 1), (0.56 - (0.7 - y) * 0.4, y + 0.012), (0.54 - (0.7 - y) * 0.4, y + 0.035, 1), (0.66 - (0.7 - y) * 0.4, y + 0.035, 1)], stripe, 0, 0))
    ear = piece([(0.165, 0.27), (0.165, 0.07, 1), (0.325, 0.165), (0.25, 0.28)], coat, 0.1)
    inner = piece([(0.195, 0.22), (0.192, 0.125, 1), (0.275, 0.175)], rgb("#e7a5a5"), 0, 0.1)
    parts += [*_pair(ear), *_pair(inner)]
    face = [(0.37, 0.145), (0.48, 0.165), (0.56, 0.26), (0.575, 0.36), (0.49, 0.45), (0.37, 0.475), (0.25, 0.45), (0.165, 0.36), (0.18, 0.26), (0.26, 0.165)]
    parts.append(piece(face, coat, 0.06, 0.4))
    for dx in (-0.05, 0.0, 0.05):
        parts.append(piece([(AXIS + dx - 0.012, 0.155 + abs(dx) * 0.25, 1), (AXIS + dx + 0.012, 0.155 + abs(dx) * 0.25, 1), (AXIS + dx * 0.8, 0.235, 1)], stripe, 0, 0))
    parts += _pair(Part(ellipse(0.335, 0.405, 0.055, 0.045), pale, 0, 0))
    parts += _pair(Part(ellipse(AXIS - 0.095, 0.315, 0.042, 0.042), rgb("#c6d96a"), 0.1, 0.15))
    parts += _eyes(y=0.315, apart=0.095, r=0.021)
    parts.append(piece([(0.345, 0.372, 1), (0.395, 0.372, 1), (0.37, 0.402, 1)], rgb("#d87c83"), 0, 0))
    for y, drop in ((0.395, -0.02), (0.41, 0.01), (0.425, 0.035)):
        parts += _pair(Part([(0.31, y), (0.10, y + drop), (0.10, y + drop + 0.005), (0.31, y + 0.007)], mix(pale, INK, 0.15), 0, 0))
    return parts


def rabbit(coat: Colour | None = None) -> list[Part]:
    """A sitting rabbit."""
    coat = coat or rgb("#b9a493")
    pale = mix(coat, CREAM, 0.8)
    parts = [Part(ellipse(0.7, 0.86, 0.07, 0.07), pale, 0.05), *_sitting(coat, pale, pale)]
    ear = piece([(0.25, 0.25), (0.19, 0.08), (0.225, -0.12), (0.28, -0.13), (0.325, 0.02), (0.335, 0.2)], coat, 0.1)
    inner = piece([(0.265, 0.16), (0.23, 0.04), (0.25, -0.08), (0.285, 0.02), (0.3, 0.15)], rgb("#e9aeb0"), 0, 0.1)
    parts += [*_pair(ear), *_pair(inner), Part(ellipse(AXIS, 0.31, 0.165, 0.16), coat, 0.06, 0.4)]
    parts += _pair(Part(ellipse(0.325, 0.395, 0.06, 0.052), pale, 0.04, 0.08))
    parts += _eyes(y=0.30, apart=0.09, r=0.025)
    parts.append(piece([(0.345, 0.35, 1), (0.395, 0.35, 1), (0.37, 0.38, 1)], rgb("#d87c83"), 0, 0))
    return [Part([(x, 0.1 + y * 0.9) for x, y in p.outline], p.colour, p.shade, p.shadow) for p in parts]


def bear(coat: Colour | None = None) -> list[Part]:
    """A sitting bear."""
    coat = coat or rgb("#7a5238")
    pale, dark = mix(coat, CREAM, 0.55), mix(coat, INK, 0.3)
    a = 0.45
    parts = [piece([(a, 0.38), (0.64, 0.46), (0.76, 0.66), (0.76, 0.88), (0.66, 0.97), (0.24, 0.97), (0.14, 0.88), (0.14, 0.66), (0.26, 0.46)], coat)]
    parts.append(Part(ellipse(a, 0.73, 0.19, 0.2), pale, 0.1, 0.12))
    parts += [Part(ellipse(x, 0.92, 0.1, 0.075), dark, 0.08) for x in (0.25, 0.65)]
    for flip in (False, True):
        for part in (
            piece([(0.22, 0.5), (0.28, 0.54), (0.24, 0.7), (0.16, 0.8), (0.09, 0.75), (0.12, 0.62)], coat, 0.15),
            Part(ellipse(0.27, 0.115, 0.078, 0.078), coat, 0.1),
            Part(ellipse(0.27, 0.12, 0.042, 0.042), pale, 0, 0.1),
        ):
            parts.append(mirrored(part, a) if flip else part)
    parts.append(piece([(a, 0.09), (0.58, 0.12), (0.68, 0.26), (0.66, 0.39), (0.55, 0.475), (a, 0.49), (0.35, 0.475), (0.24, 0.39), (0.22, 0.26), (0.32, 0.12)], coat, 0.06, 0.4))
    parts.append(Part(ellipse(a, 0.375, 0.11, 0.088), pale, 0.06, 0.15))
    parts.append(Part(ellipse(a, 0.335, 0.045, 0.032), INK, 0, 0.1))
    for x in (a - 0.105, a + 0.105):
        parts += [Part(ellipse(x, 0.275, 0.021, 0.026), INK, 0, 0), Part(ellipse(x - 0.006, 0.266, 0.007, 0.007), (255, 255, 255), 0, 0)]
    return parts
