"""Clips: a scene under a slow camera, or a given picture set in motion."""

import dataclasses
import io
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from stand.renderer import weather
from stand.renderer.canvas import Layer, glow, shade_of
from stand.renderer.scene import Scene, compose, seed_of
from stand.renderer.stills import NOTE, Rendered, dimensions
from stand.renderer.words import read

FPS = 24
MARGIN = 0.06


def render_video(
    prompt: str,
    *,
    path: str | Path,
    aspect_ratio: str = "16:9",
    seed: int | None = None,
    seconds: int = 3,
    image: bytes | None = None,
    size: int = 512,
) -> Rendered:
    """Write an H.264 MP4 to `path`: the prompt's scene, or the image `image` set in motion.

    With an image the clip takes the image's shape. `size` is the side (pixels) of a square with the clip's
    area.

    Raises:
        ValueError: The ratio, the size or the length is wrong, or `image` is no image.
    """
    if not 1 <= seconds <= 30:
        raise ValueError(f"seconds is 1 to 30, not {seconds}")
    count = seconds * FPS
    if image is None:
        width, height = dimensions(aspect_ratio, size)
        frames = _scene_frames(prompt, (width, height), seed or 0, count)
    else:
        picture = _opened(image)
        ratio = min(5.0, max(0.2, picture.width / picture.height))
        width, height = (round(size * ratio ** (side / 2) / 2) * 2 for side in (1, -1))
        frames = _picture_frames(picture, prompt, (width, height), seed or 0, count)
    _encode(frames, Path(path), (width, height), prompt)
    return Rendered(b"", "video/mp4", width, height)


def _opened(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"the given image cannot be read: {error}") from error
    return ImageOps.exif_transpose(picture).convert("RGB")


def _scene_frames(prompt: str, size: tuple[int, int], seed: int, count: int) -> Iterator[Image.Image]:
    width, height = size
    pad = round(width * MARGIN)
    scene = compose(prompt, "", (width + 2 * pad, height), seed)
    corners = shade_of(size, 0.2)
    way = 1 if scene.seed % 2 else -1
    still, moving = _parted(scene, pad, size)
    for number in range(count):
        moment = number / FPS
        pan = way * pad * 0.9 * math.sin(math.pi * (number / max(1, count - 1) - 0.5))
        frame = still.copy()
        for strip in moving:
            drift = strip.layer.drift * (moment - count / FPS / 2)
            strip.lay(frame, moment, pad + pan * strip.layer.depth - drift)
        yield ImageChops.multiply(frame.convert("RGB"), corners)


@dataclasses.dataclass
class Strip:
    """A layer and the rows of it that show anything; only these rows are composed."""

    layer: Layer
    top: int
    bottom: int

    def lay(self, frame: Image.Image, moment: float, left: float) -> None:
        """Compose the part of the layer that begins at `left` onto the frame."""
        picture = self.layer.at(moment)
        whole = math.floor(min(max(0.0, left), picture.width - frame.width - 1.0))
        box = (whole, self.top, whole + frame.width, self.bottom)
        window = picture.crop(box)
        # A slow pan by whole pixels would stutter; blending neighbours is the fastest part-pixel shift.
        if (part := left - whole) > 0.02:
            window = Image.blend(
                window, picture.crop((box[0] + 1, box[1], box[2] + 1, box[3])), min(1.0, part)
            )
        frame.alpha_composite(window, (0, self.top))


def _parted(scene: Scene, pad: int, size: tuple[int, int]) -> tuple[Image.Image, list[Strip]]:
    """Return the background that never moves, composed once, and the strips in front of it.

    A layer belongs to the background only if no moving layer is behind it.
    """
    frame = Image.new("RGBA", size)
    moving: list[Strip] = []
    for layer in scene.layers:
        if layer.image is None:
            moving.append(Strip(layer, 0, size[1]))
        elif moving or layer.depth or layer.drift:
            box = layer.image.getchannel("A").getbbox() or (0, 0, 1, 1)
            moving.append(Strip(layer, box[1], box[3]))
        else:
            frame.alpha_composite(layer.image, (0, 0), (pad, 0, pad + size[0], size[1]))
    return frame, moving


def _picture_frames(
    picture: Image.Image, prompt: str, size: tuple[int, int], seed: int, count: int
) -> Iterator[Image.Image]:
    number = seed_of(prompt, seed, size)
    base = ImageOps.fit(picture, (round(size[0] * 1.3), round(size[1] * 1.3)), Image.Resampling.LANCZOS)
    over = _overlay(prompt, size, number)
    way = 1 if number % 2 else -1
    for at in range(count):
        share = at / max(1, count - 1)
        ease = share * share * (3 - 2 * share)
        zoom = 1.28 - 0.2 * ease
        width, height = size[0] * zoom, size[1] * zoom
        middle = (base.width - width) / 2
        left = middle + way * middle * 0.75 * (2 * ease - 1)
        top = (base.height - height) / 2 * (1.25 - 0.5 * ease)
        box = (left, top, left + width, top + height)
        frame = base.resize(size, Image.Resampling.BILINEAR, box=box).convert("RGBA")
        for layer in over:
            frame.alpha_composite(layer.at(at / FPS))
        yield frame


def _overlay(prompt: str, size: tuple[int, int], seed: int) -> list[Layer]:
    """Return what falls in front of the image, from the prompt; without such words, a moving light."""
    wish = read(prompt)
    if wish.weather == "snow":
        return [Layer(None, draw=weather.Snow(size, seed).draw)]
    if wish.weather in ("rain", "storm"):
        return [Layer(None, draw=weather.Rain(size, seed).draw)]
    if wish.weather == "fog":
        return [Layer(None, draw=weather.Fog(size, seed, (225, 232, 240), 0.6).draw)]
    colour = (255, 150, 60) if "fire" in wish.things else (255, 244, 214)
    wide = glow((size[0] * 3, size[1]), (size[0] * 1.5, size[1] * 0.3), size[0] * 0.7, colour, 0.3)

    def light(moment: float) -> Image.Image:
        left = round(size[0] * (1 + 0.7 * math.sin(moment * 0.9 + seed % 7)))
        return wide.crop((left, 0, left + size[0], size[1]))

    sparks = weather.Sparks(size, seed, colour, 26)
    return [Layer(None, draw=light), Layer(None, draw=sparks.draw)]


def _encode(frames: Iterator[Image.Image], path: Path, size: tuple[int, int], prompt: str) -> None:
    options = {"movflags": "faststart+use_metadata_tags"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        container.metadata["comment"] = NOTE
        container.metadata["title"] = prompt[:200]
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, FPS)
        stream.codec_context.thread_count = 1
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
