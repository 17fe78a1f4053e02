"""Reads a prompt: a list of word stems, English and Russian, and what they mean for the picture."""

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

from stand.renderer.canvas import Colour, rgb

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*", re.UNICODE)


def _pattern(stems: str) -> re.Pattern[str]:
    parts = []
    for stem in stems.split():
        english = stem[0].isascii() and stem[0].isalpha()
        ending = "(?:e?s)?" if english else r"\w{0,5}"
        parts.append(stem[:-1] if stem.endswith("=") else stem + ending)
    return re.compile("^(?:" + "|".join(parts) + ")$", re.IGNORECASE)


def _patterns(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: _pattern(stems) for name, stems in table.items()}


_LIST: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_SUBJECTS, _PLACES, _TIMES = (_patterns(_LIST[name]) for name in ("subjects", "places", "times"))
_WEATHERS, _THINGS = (_patterns(_LIST[name]) for name in ("weathers", "things"))
_COLOURS = {name: _pattern(stems) for name, (stems, _) in _LIST["colours"].items()}


@dataclasses.dataclass(frozen=True)
class Wish:
    """The picture that the prompt asks for; None and empty where it says nothing."""

    subjects: tuple[str, ...] = ()
    place: str | None = None
    time: str | None = None
    weather: str | None = None
    things: frozenset[str] = frozenset()
    subject_colour: Colour | None = None
    scene_colour: Colour | None = None

    @property
    def known(self) -> bool:
        """Return whether a word said what to draw; colours alone do not."""
        return bool(self.subjects or self.place or self.time or self.weather or self.things)


def _all(words: list[str], table: dict[str, re.Pattern[str]]) -> list[str]:
    return list(dict.fromkeys(name for word in words for name, known in table.items() if known.match(word)))


def read(prompt: str, negative: str = "") -> Wish:
    """Return the wish in a prompt, without what the negative prompt names."""
    words = [word.lower() for word in WORD.findall(prompt)]
    no = [word.lower() for word in WORD.findall(negative)]

    def wanted(table: dict[str, re.Pattern[str]]) -> list[str]:
        unwanted = _all(no, table)
        return [name for name in _all(words, table) if name not in unwanted]

    subjects, places = wanted(_SUBJECTS), wanted(_PLACES)
    times, weathers = wanted(_TIMES), wanted(_WEATHERS)
    subject_colour, scene_colour = _colours(words, no)
    return Wish(
        subjects=tuple(subjects[:3]),
        place=places[0] if places else None,
        time=times[0] if times else None,
        weather=weathers[0] if weathers else None,
        things=frozenset(wanted(_THINGS)),
        subject_colour=subject_colour,
        scene_colour=scene_colour,
    )


def _colours(words: list[str], no: list[str]) -> tuple[Colour | None, Colour | None]:
    """Return the subject's colour and the scene's.

    A colour belongs to the subject that follows it within two words, otherwise to the scene.
    """
    subject: Colour | None = None
    scene: Colour | None = None
    unwanted = _all(no, _COLOURS)
    for at, word in enumerate(words):
        for name, known in _COLOURS.items():
            if not known.match(word) or name in unwanted:
                continue
            value = rgb(_LIST["colours"][name][1])
            if _all(words[at + 1 : at + 3], _SUBJECTS):
                subject = subject or value
            else:
                scene = scene or value
    return subject, scene
