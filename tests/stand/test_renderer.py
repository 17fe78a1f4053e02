"""The procedural renderer: what its pictures and clips are, and that they follow the prompt."""

import hashlib
import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stand.renderer import render_image, render_video
from stand.renderer.__main__ import main
from stand.renderer.stills import MIMES, Format


def picture(prompt: str, *, seed: int = 1, no: str = "", size: int = 128) -> Image.Image:
    """The prompt's picture, read back."""
    drawn = render_image(prompt, seed=seed, negative_prompt=no, size=size)
    return Image.open(io.BytesIO(drawn.data)).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures per channel, 0 to 255, with the grain averaged out."""
    a, b = (np.asarray(each.reduce(4), dtype=np.float32) for each in (one, other))
    return float(np.abs(a - b).mean())


def colour(image: Image.Image, box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Mean red, green, blue within shares of the width and height."""
    pixels = np.asarray(image, dtype=np.float32)
    height, width = pixels.shape[:2]
    part = pixels[int(box[1] * height) : int(box[3] * height), int(box[0] * width) : int(box[2] * width)]
    red, green, blue = part.reshape(-1, 3).mean(axis=0)
    return float(red), float(green), float(blue)


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
@pytest.mark.parametrize(("ratio", "shape"), [("16:9", 16 / 9), ("9:16", 9 / 16), ("21:9", 21 / 9)])
def test_a_picture_has_the_format_and_shape_that_were_asked_for(
    kind: Format, ratio: str, shape: float
) -> None:
    """And as many pixels as the square of that size."""
    drawn = render_image("a fox", aspect_ratio=ratio, size=128, format=kind)
    with Image.open(io.BytesIO(drawn.data)) as image:
        assert Image.MIME[image.format or ""] == drawn.mime == MIMES[kind]
        assert image.size == (drawn.width, drawn.height)
        assert image.width / image.height == pytest.approx(shape, rel=0.05)
        assert image.width * image.height == pytest.approx(128 * 128, rel=0.05)


def test_a_picture_says_that_it_is_a_sketch() -> None:
    """PNG text, and the description in the EXIF of the others."""
    png = Image.open(io.BytesIO(render_image("a fox", size=64).data))
    assert "sketch, not AI" in png.info["Comment"]
    for kind in ("jpg", "webp"):
        image = Image.open(io.BytesIO(render_image("a fox", size=64, format=kind).data))
        assert "sketch, not AI" in image.getexif()[0x010E]


def test_the_same_words_and_seed_give_the_same_bytes() -> None:
    """Another seed gives another picture."""
    first, again = (render_image("a red fox in the snow", seed=7, size=96).data for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(again).digest()
    assert difference(picture("a red fox", seed=1), picture("a red fox", seed=2)) > 4


PROMPTS = [
    "a red fox in the snow",
    "waves at night",
    "a castle at dawn",
    "the desert at sunset",
    "a city in the rain",
    "planet in space",
    "a goldfish",
    "quantum entanglement",
    "the sound of blue jazz",
    "a hot air balloon",
]


def test_different_prompts_look_different() -> None:
    """Any two of ten, known words or not."""
    drawn = [picture(prompt) for prompt in PROMPTS]
    for at, one in enumerate(drawn):
        for other in range(at):
            assert difference(one, drawn[other]) > 8, (PROMPTS[at], PROMPTS[other])


def test_a_fox_is_red_and_its_snow_is_white() -> None:
    """In the middle more red than blue; below it a light ground."""
    red, _, blue = colour(picture("a red fox in the snow"), (0.38, 0.45, 0.6, 0.85))
    assert red > blue + 40
    assert min(colour(picture("a red fox in the snow"), (0.3, 0.93, 0.7, 1.0))) > 150


def test_night_is_darker_than_day_and_sunset_is_warm() -> None:
    """By the sky's colour."""
    night, day, sunset = (
        colour(picture(f"the sea, {time}"), (0, 0, 1, 0.45)) for time in ("night", "day", "sunset")
    )
    assert sum(night) < sum(day) * 0.6
    assert sunset[0] > sunset[2]
    assert day[2] > day[0]


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("a red fox in the snow", "красная лиса в снегу"),
        ("waves at night", "волны ночью"),
        ("a cat in the city in the rain", "кот в городе под дождём"),
        ("a boat on the sea at sunset", "лодка в море на закате"),
        ("an old house in the forest", "старый дом в лесу"),
    ],
)
def test_russian_words_mean_what_the_english_do(english: str, russian: str) -> None:
    """The same subject, place, time, weather and colours."""
    from stand.renderer.words import read

    assert read(russian) == read(english)
    assert read(english).known


@pytest.mark.parametrize("text", ["много идей", "лист бумаги", "город и гора", "стройка на улице", "чайка"])
def test_a_stem_does_not_take_another_word_for_its_own(text: str) -> None:
    """листья are no лиса, город is no гора, чайка is no чай."""
    from stand.renderer.words import read

    wish = read(text)
    assert "fox" not in wish.subjects
    assert "cup" not in wish.subjects
    if "город" in text:
        assert wish.place == "city"


def test_the_negative_prompt_takes_things_away() -> None:
    """Without the fox, the snow and the moon that the prompt names."""
    from stand.renderer.words import read

    wish = read("a fox in the snow under the moon", "fox, snow, moon")
    assert (wish.subjects, wish.weather, wish.things) == ((), None, frozenset())
    assert difference(picture("a fox in the snow"), picture("a fox in the snow", no="fox")) > 3


def test_every_subject_can_be_drawn_in_every_place() -> None:
    """Each of the word list, once, in changing places and weathers, with no error and no blank."""
    from stand.renderer.figures.subjects import FIGURES
    from stand.renderer.places import BUILDERS

    places = list(BUILDERS)
    skies = ["night", "dawn", "sunset", "snow", "rain", "fog", "storm", "northern lights"]
    for at, name in enumerate(FIGURES):
        drawn = picture(f"{name} {places[at % len(places)]} {skies[at % len(skies)]}", size=64)
        assert np.asarray(drawn).std() > 12


def frames(path: Path) -> list[Image.Image]:
    """The clip's frames."""
    with av.open(str(path)) as clip:
        return [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in clip.decode(video=0)]


def test_a_clip_is_an_h264_mp4_that_can_start_at_once(tmp_path: Path) -> None:
    """24 frames a second, yuv420p, even sides, its index before its data, and its note."""
    path = tmp_path / "waves.mp4"
    made = render_video("waves at night", path=path, seconds=2, size=128)
    with av.open(str(path)) as clip:
        video = clip.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.frames, float(video.average_rate or 0)) == (48, 24.0)
        assert (video.width, video.height) == (made.width, made.height)
        assert video.width % 2 == video.height % 2 == 0
        assert "sketch, not AI" in clip.metadata["comment"]
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("prompt", ["waves at night", "a fox in the snow", "clouds over mountains", "jazz"])
def test_clips_move(prompt: str, tmp_path: Path) -> None:
    """From frame to frame a little, from beginning to end more."""
    render_video(prompt, path=tmp_path / "clip.mp4", seconds=2, size=128)
    all_frames = frames(tmp_path / "clip.mp4")
    assert 0 < difference(all_frames[20], all_frames[21]) < 12
    assert difference(all_frames[0], all_frames[-1]) > 0.5


def test_a_given_picture_is_what_moves(tmp_path: Path) -> None:
    """The clip has the picture's shape and colours, and snow falls where the prompt says so."""
    still = render_image("a red fox in the snow", aspect_ratio="3:4", size=128)
    for prompt in ("snow", "slowly"):
        path = tmp_path / f"{prompt}.mp4"
        made = render_video(prompt, path=path, image=still.data, seconds=2, size=128)
        assert made.width / made.height == pytest.approx(3 / 4, rel=0.05)
        middle = frames(path)[24].resize((still.width, still.height))
        original = Image.open(io.BytesIO(still.data)).convert("RGB")
        assert difference(middle, original) < 45
    assert difference(frames(tmp_path / "snow.mp4")[24], frames(tmp_path / "slowly.mp4")[24]) > 1


def test_bad_orders_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ValueError in words; the program prints them and returns 1."""
    with pytest.raises(ValueError, match="aspect_ratio is like 16:9"):
        render_image("x", aspect_ratio="wide")
    with pytest.raises(ValueError, match="size is 64 to 2048"):
        render_image("x", size=5000)
    with pytest.raises(ValueError, match="cannot be read"):
        render_video("x", path=tmp_path / "x.mp4", image=b"no picture")
    assert main(["x", "--out", str(tmp_path / "x.gif")]) == 1
    assert "format is one of png, jpg, webp" in capsys.readouterr().err


def test_the_program_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its extension."""
    assert main(["a fox", "--out", str(tmp_path / "fox.webp"), "--size", "64"]) == 0
    assert main(["a fox", "--out", str(tmp_path / "fox.mp4"), "--size", "64", "--seconds", "1"]) == 0
    assert (tmp_path / "fox.webp").read_bytes()[8:12] == b"WEBP"
    assert (tmp_path / "fox.mp4").read_bytes()[4:8] == b"ftyp"
    assert "fox.mp4" in capsys.readouterr().out
