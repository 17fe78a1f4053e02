"""Make the pictures of the chat page: docs/chat.gif, docs/chat-light.png and docs/chat-dark.png.

Usage: `.venv/bin/python docs/make_pictures.py` (needs requirements-dev.txt, and Chromium on the PATH)

Nothing is staged: the whole of Darkroom runs against the stand, and a real browser types a command, waits for
the picture, presses Animate and waits for the video. Two things are faster than in the demo: the stand's
provider takes 3 s for a picture and 4 s for a video, and the GIF shows nothing that stands still for longer
than `LONGEST_STILL_S`, other than its end. All other frames are shown for as long as they really stood.
"""

import io
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder's modules

from config.settings import ROOT
from sandbox.stack import Stack

PROMPT = "/image a red fox in the snow"
MEDIA = "304"
PROVIDER = ("--latency", "image=3,video=4", "--sigma", "0", "--seed", "7")
SIZES = ("--image-size", MEDIA, "--video-size", MEDIA)
"""Options of the stand's provider: quick, the same picture in every run, and small enough for the window."""
WINDOW: ViewportSize = {"width": 720, "height": 660}
"""Too narrow for the list of chats, and high enough for a whole message with its buttons; CSS pixels."""
STILL_SCALE = 1.5
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

FRAME_S = 0.2
TYPED_AT_ONCE = 3
LONGEST_STILL_S = 0.5
READING_S = 0.8
PLAYING_S = 2.4
LAST_FRAME_S = 1.6
CONTROLS_S = 5.0
"""A player hides its controls in less than this."""
PATIENCE_S = 60.0

GIF_BYTES = 2_500_000
STILL_BYTES = 350_000
COLOURS = 256


class Film:
    """Screenshots of a page over time, without those that equal the one before."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[Image.Image] = []
        self._began: list[float] = []

    def shoot(self) -> None:
        """Take one frame now."""
        frame = screenshot(self._page)
        if not self.frames or frame.tobytes() != self.frames[-1].tobytes():
            self.frames.append(frame)
            self._began.append(time.monotonic())

    def record(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take frames for some seconds or until something is so; return whether it came to be so."""
        deadline = time.monotonic() + seconds
        while (began := time.monotonic()) < deadline:
            self.shoot()
            if until():
                return True
            self._page.wait_for_timeout(max(0.0, FRAME_S - (time.monotonic() - began)) * 1000)
        return False

    def record_until_visible(self, awaited: Locator) -> None:
        """Take frames until something is on the page.

        Raises TimeoutError after `PATIENCE_S`.
        """
        if not self.record(PATIENCE_S, awaited.is_visible):
            raise TimeoutError(f"{awaited} did not appear within {PATIENCE_S:g} s")

    def durations(self) -> list[float]:
        """Return how long each frame is shown, in seconds."""
        stood = [after - before for before, after in zip(self._began, self._began[1:], strict=False)]
        return [*(min(seconds, LONGEST_STILL_S) for seconds in stood), LAST_FRAME_S]


def screenshot(page: Page) -> Image.Image:
    """Return what the window shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def one_palette(frames: list[Image.Image]) -> Image.Image:
    """Return an image that carries the colours that suit all the frames together."""
    width, height = frames[0].size
    strip = Image.new("RGB", (width, height * len(frames)))
    for place, frame in enumerate(frames):
        strip.paste(frame, (0, place * height))
    return strip.quantize(COLOURS, Image.Quantize.MEDIANCUT)


def write_gif(film: Film, path: Path) -> None:
    """Write the film as a GIF that repeats for ever."""
    palette = one_palette(film.frames[:: max(1, len(film.frames) // 12)] + film.frames[-1:])
    # Dithered, the parts of the picture that stand still would flicker and take space.
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in film.frames]
    durations = [round(seconds * 100) * 10 for seconds in film.durations()]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, disposal=1)


def type_like_a_person(film: Film, composer: Locator, text: str) -> None:
    """Type the text a few letters at a time, with a frame of each."""
    for start in range(0, len(text), TYPED_AT_ONCE):
        composer.press_sequentially(text[start : start + TYPED_AT_ONCE])
        film.shoot()


def act(page: Page) -> Film:
    """Ask for a picture and animate it; return the film of that."""
    film = Film(page)
    composer = page.get_by_test_id("composer")
    composer.click()
    page.mouse.move(0, 0)
    film.record(READING_S)
    type_like_a_person(film, composer, PROMPT)
    composer.press("Enter")
    animate = page.get_by_role("button", name="Animate")
    film.record_until_visible(animate)
    film.record(READING_S)
    animate.click()
    page.mouse.move(0, 0)
    composer.focus()  # a message in focus shows its tools
    video = page.get_by_test_id("video")
    film.record_until_visible(video)
    film.record(PLAYING_S)
    return film


def open_page(browser: Browser, address: str, scheme: Scheme, scale: float = 1) -> Page:
    """Return a page that shows the chat and is connected."""
    page = browser.new_page(viewport=WINDOW, locale="en-US", color_scheme=scheme, device_scale_factor=scale)
    page.goto(address)
    expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live")
    return page


def write_still(page: Page, path: Path) -> None:
    """Write what the page shows at the same moment of the video, without the player's controls."""
    page.wait_for_timeout(CONTROLS_S * 1000)
    # A paused player would show its controls again.
    page.get_by_test_id("video").evaluate("video => { video.playbackRate = 0; video.currentTime = 1; }")
    page.wait_for_timeout(FRAME_S * 1000)
    screenshot(page).quantize(COLOURS, Image.Quantize.MEDIANCUT).save(path, optimize=True)


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
    with Stack(provider=(*PROVIDER, *SIZES)) as stack, sync_playwright() as playwright:
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
