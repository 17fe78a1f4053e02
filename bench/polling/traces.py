"""Durations of predictions: the traces of `bench polling`.

They are drawn with fixed seeds, not recorded at a provider: log-normal like the stand's, with the means of
the load runs (image 12 s, video 60 s), and shapes on which a schedule could fail.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

IMAGES = 0.85
"""Share of images among the jobs of the load runs; the others are videos."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One model's predictions in the order of submission: durations (s), and how many come per second."""

    name: str
    about: str
    durations: tuple[float, ...]
    per_s: float
    deadline_s: float


def _log_normal(random: Random, mean: float, sigma: float) -> float:
    return mean * random.lognormvariate(-(sigma**2) / 2, sigma)


def image(random: Random, _share: float) -> float:
    """12 s on average."""
    return _log_normal(random, 12, 0.3)


def video(random: Random, _share: float) -> float:
    """60 s on average."""
    return _log_normal(random, 60, 0.3)


def bimodal(random: Random, _share: float) -> float:
    """6 s from a warm model, 45 s if it boots (3 of 10)."""
    return _log_normal(random, 6, 0.15) if random.random() < 0.7 else _log_normal(random, 45, 0.25)


def drifting(random: Random, share: float) -> float:
    """From 8 s to 24 s, gradually."""
    return _log_normal(random, 8 * 3**share, 0.2)


def jumping(random: Random, share: float) -> float:
    """10 s, then 25 s, and back, twice."""
    return _log_normal(random, 10 if int(share * 4) % 2 == 0 else 25, 0.2)


def unseen(random: Random, _share: float) -> float:
    """20 s on average; few jobs, the first of them without any known duration."""
    return _log_normal(random, 20, 0.3)


_SHAPES: tuple[tuple[Callable[[Random, float], float], float, float, float], ...] = (
    (image, 1.0, 1.0, 120.0),
    (video, 0.3, 1.0, 600.0),
    (bimodal, 1.0, 1.0, 240.0),
    (drifting, 1.0, 1.0, 180.0),
    (jumping, 1.0, 1.0, 180.0),
    (unseen, 0.5, 0.1, 180.0),
)
"""For each shape: its jobs per second, its share of `jobs`, and its deadline (s)."""


def traces(jobs: int) -> list[Trace]:
    """Return all traces, each from a cold start and of `jobs` jobs; that of the unseen model has a tenth."""
    made = []
    for seed, (draw, per_s, part, deadline_s) in enumerate(_SHAPES, start=1):
        random, count = Random(seed), max(2, math.ceil(jobs * part))
        durations = tuple(draw(random, number / count) for number in range(count))
        made.append(Trace(draw.__name__, (draw.__doc__ or "").rstrip("."), durations, per_s, deadline_s))
    return made
