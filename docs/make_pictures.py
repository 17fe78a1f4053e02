"""Make the pictures of the chat page: docs/chat.gif, docs/chat-light.png and docs/chat-dark.png.

Usage: `.venv/bin/python docs/make_pictures.py` (needs requirements-dev.txt, and Chromium on the PATH)

Nothing is staged: the whole of Darkroom runs against the stand, and a real browser types a command, waits for
the picture, presses Animate and waits for the video. The GIF sets its own pace in three places only: the two
waits run at `WAITING_SPEED`, each `TYPED_AT_ONCE` letters of the command take `TYPING_S`, and the last frame
stands for `LAST_FRAME_S`.
"""

import io
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder's modules

from config.settings import ROOT
from sandbox.stack import Stack

PROMPT = "/image a red fox in the snow"
PROVIDER = ("--sigma", "0")
"""Options of the stand's provider: no picture or video takes longer than usual."""
WINDOW: ViewportSize = {"width": 640, "height": 752}
"""Too narrow for the list of chats, and high enough for a whole message with its buttons; CSS pixels."""
STILL_SCALE = 1.5
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

FRAME_S = 0.2
WAITING_SPEED = 5.0
TYPED_AT_ONCE = 3
TYPING_S = 0.2
READING_S = 1.0
LOOKING_S = 1.8
POINTING_S = 0.4
PLAYING_S = 2.4
LAST_FRAME_S = 1.6
PATIENCE_S = 60.0

GIF_BYTES = 2_500_000
STILL_BYTES = 350_000
COLOURS = 256
PALETTE_FRAMES = 12


@dataclass
class Frame:
    """What a page showed, from `began` on (monotonic seconds), and how long the GIF shows it."""

    picture: Image.Image
    began: float
    speed: float
    lasts: float = LAST_FRAME_S


class Film:
    """Screenshots of a page over time, without those that equal the one before."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[Frame] = []

    def shoot(self, speed: float = 1.0) -> None:
        """Take one frame now, which the GIF shows at `speed`."""
        picture, now = screenshot(self._page), time.monotonic()
        last = self.frames[-1] if self.frames else None
        if last is not None and picture.tobytes() == last.picture.tobytes():
            return
        if last is not None:
            last.lasts = (now - last.began) / last.speed
        self.frames.append(Frame(picture, now, speed))

    def record(self, seconds: float, until: Callable[[], bool] = lambda: False, speed: float = 1.0) -> bool:
        """Take frames for some seconds or until something is so; return whether it came to be so."""
        deadline = time.monotonic() + seconds
        while (began := time.monotonic()) < deadline:
            self.shoot(speed)
            if until():
                return True
            self._page.wait_for_timeout(max(0.0, FRAME_S - (time.monotonic() - began)) * 1000)
        return False

    def wait_for(self, awaited: Locator) -> None:
        """Take frames until something is on the page, for the GIF to show them at `WAITING_SPEED`.

        Raises TimeoutError after `PATIENCE_S`.
        """
        if not self.record(PATIENCE_S, awaited.is_visible, WAITING_SPEED):
            raise TimeoutError(f"{awaited} did not appear within {PATIENCE_S:g} s")

    def type(self, composer: Locator, text: str) -> None:
        """Type the text a few letters at a time, with a frame of each."""
        typed = len(self.frames)
        for start in range(0, len(text), TYPED_AT_ONCE):
            composer.press_sequentially(text[start : start + TYPED_AT_ONCE])
            self.shoot()
        for frame in self.frames[typed:-1]:
            frame.lasts = TYPING_S


def screenshot(page: Page) -> Image.Image:
    """Return what the window shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def one_palette(pictures: list[Image.Image]) -> Image.Image:
    """Return an image that carries the colours that suit all the pictures together."""
    width, height = pictures[0].size
    strip = Image.new("RGB", (width, height * len(pictures)))
    for place, picture in enumerate(pictures):
        strip.paste(picture, (0, place * height))
    return strip.quantize(COLOURS, Image.Quantize.MEDIANCUT)


def write_gif(frames: list[Frame], path: Path) -> None:
    """Write the frames as a GIF that repeats for ever."""
    pictures = [frame.picture for frame in frames]
    palette = one_palette([*pictures[:: ceil(len(pictures) / PALETTE_FRAMES)], pictures[-1]])
    # Dithered, the parts of the picture that stand still would flicker and take space.
    first, *others = (each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures)
    # A GIF counts in hundredths of a second.
    durations = [max(2, round(frame.lasts * 100)) * 10 for frame in frames]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, disposal=1)


def act(page: Page) -> list[Frame]:
    """Ask for a picture and animate it; return the frames of that."""
    film = Film(page)
    composer = page.get_by_test_id("composer")
    composer.click()
    page.mouse.move(0, 0)
    film.record(READING_S)
    film.type(composer, PROMPT)
    composer.press("Enter")
    animate = page.get_by_role("button", name="Animate")
    film.wait_for(animate)
    film.record(LOOKING_S)
    # The pointer is not in the picture: the lit button shows what is pressed.
    animate.hover()
    film.record(POINTING_S)
    animate.click()
    page.mouse.move(0, 0)
    composer.focus()  # a message in focus shows its tools
    video = page.get_by_test_id("video")
    film.wait_for(video)
    film.record(PLAYING_S)
    return film.frames


def open_page(browser: Browser, address: str, scheme: Scheme, scale: float = 1) -> Page:
    """Return a page that shows the chat and is connected."""
    page = browser.new_page(viewport=WINDOW, locale="en-US", color_scheme=scheme, device_scale_factor=scale)
    page.goto(address)
    expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live")
    return page


def write_still(page: Page, path: Path) -> None:
    """Write what the page shows at one moment of the video, without the player's controls."""
    video = page.get_by_test_id("video")
    # While a video plays they disappear by themselves; now it is stopped, so that each still shows the same.
    video.evaluate("video => { video.pause(); video.controls = false; video.currentTime = 1; }")
    stands = "video => !video.seeking && video.readyState >= 2 && video.currentTime === 1"
    page.wait_for_function(stands, arg=video.element_handle())
    page.wait_for_timeout(FRAME_S * 1000)
    picture = screenshot(page)
    picture.quantize(palette=one_palette([picture]), dither=Image.Dither.FLOYDSTEINBERG).save(
        path, optimize=True
    )


def check_size(path: Path, limit: int) -> None:
    """Raise ValueError where a picture is too large for the README."""
    if (size := path.stat().st_size) > limit:
        raise ValueError(f"{path.name} has {size:,} bytes, more than {limit:,}: make the window smaller")


def main() -> None:
    """Run Darkroom, make the three pictures, and end everything."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no Chromium: install the package chromium.")
    gif = ROOT / "docs" / "chat.gif"
    with Stack(provider=PROVIDER) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = open_page(browser, stack.telegram.base_url, "dark")
        write_gif(act(page), gif)
        for scheme in SCHEMES:
            still = gif.with_name(f"chat-{scheme}.png")
            write_still(open_page(browser, page.url, scheme, STILL_SCALE), still)
            check_size(still, STILL_BYTES)
        browser.close()
    check_size(gif, GIF_BYTES)


if __name__ == "__main__":
    main()
