"""The colours of a scene: from time of day and weather, shifted towards a colour that the prompt names."""

import dataclasses

import numpy as np

from stand.renderer.canvas import Colour, mix, rgb, tint
from stand.renderer.words import Wish

Light = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Palette:
    """The colours of the sky (top to horizon) and the land (far to near), the light, and the sun or moon."""

    top: Colour
    middle: Colour
    low: Colour
    far: Colour
    near: Colour
    light: Light
    lamp: Colour
    dark: bool

    def land(self, nearness: float) -> Colour:
        """Return the land's colour: at nearness 0 the horizon's, lost in haze; at 1 the foreground's."""
        return mix(mix(self.low, self.far, 0.45), self.near, nearness**0.85)

    def lit(self, colour: Colour) -> Colour:
        """Return a subject's own colour in this light."""
        return tint(colour, self.light)


TIMES = {
    "day": ("#3d8fd1", "#8ccbec", "#f1efdc", "#7fb0c4", "#2f6b57", (1.0, 1.0, 1.0), "#fff6d8", False),
    "dawn": ("#54639f", "#e59aa0", "#ffe2b4", "#b78fa6", "#3e4a6e", (1.02, 0.92, 0.9), "#fff0cf", False),
    "sunset": ("#38235f", "#cf4a66", "#ffb35a", "#a0476b", "#33204a", (1.0, 0.8, 0.72), "#fff0b8", False),
    "night": ("#070d2b", "#182c66", "#4f74ab", "#34528a", "#122046", (0.68, 0.74, 0.96), "#f6f3df", True),
}
NEAR = {
    "desert": {"day": "#d98b4a", "dawn": "#b8696a", "sunset": "#8a2f45", "night": "#2a2a55"},
    "meadow": {"day": "#3f8a4f", "dawn": "#4b5f63", "sunset": "#3d2a4a", "night": "#0d2236"},
    "forest": {"day": "#1f5a4a", "dawn": "#34485e", "sunset": "#2d1f42", "night": "#071a26"},
    "sea": {"day": "#0f5f8c", "dawn": "#3c4f86", "sunset": "#452560", "night": "#07163d"},
    "city": {"day": "#34506e", "dawn": "#3a3f6a", "sunset": "#2b1c48", "night": "#0a0f2c"},
}
SNOWY = {"day": "#f4f8fd", "dawn": "#e9dbe6", "sunset": "#c9a0bd", "night": "#6f8fc4"}
SNOW_SKY = ("#7ea6cc", "#bcd4e8", "#f3f4f2", "#a3bdd6")


def choose(wish: Wish, rng: np.random.Generator) -> Palette:
    """Return the palette of the wish; `rng` chooses a time of day that the wish leaves open."""
    time = wish.time or _time(wish, rng)
    top, middle, low, far, near = (rgb(text) for text in TIMES[time][:5])
    light: Light = TIMES[time][5]
    if wish.place in NEAR:
        near = rgb(NEAR[wish.place][time])
    if wish.weather == "snow":
        near = rgb(SNOWY[time])
        if time == "day":
            top, middle, low, far = (rgb(text) for text in SNOW_SKY)
    if "autumn" in wish.things and wish.weather != "snow" and time != "night":
        near, far = mix(near, rgb("#b5562a"), 0.55), mix(far, rgb("#d9a066"), 0.4)
    if wish.weather in ("rain", "storm", "fog"):
        grey = rgb("#3c4a5c" if wish.weather == "storm" else "#8496a6")
        share = {"rain": 0.5, "storm": 0.72, "fog": 0.45}[wish.weather] * (0.55 if time == "night" else 1.0)
        top, middle, low = mix(top, grey, share), mix(middle, grey, share), mix(low, grey, share * 0.7)
        light = (light[0] * 0.88, light[1] * 0.9, light[2] * 0.95)
    if wish.scene_colour is not None:
        hue = wish.scene_colour
        top, middle = mix(top, mix(hue, (0, 0, 0), 0.35), 0.62), mix(middle, hue, 0.6)
        low, far = mix(low, mix(hue, (255, 255, 255), 0.45), 0.5), mix(far, hue, 0.5)
        near = mix(near, mix(hue, (0, 0, 0), 0.5), 0.4)
    return Palette(top, middle, low, far, near, light, rgb(TIMES[time][6]), TIMES[time][7])


def _time(wish: Wish, rng: np.random.Generator) -> str:
    if wish.place == "space" or wish.weather == "aurora" or "stars" in wish.things:
        return "night"
    if wish.weather in ("rain", "storm", "fog"):
        return "day"
    choices = ["day", "day", "dawn", "sunset"]
    if wish.weather == "snow":
        choices = ["day", "day", "dawn"]
    return choices[int(rng.integers(len(choices)))]
