"""A stand as a process, a scripted bot on it, and a real Chromium."""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from stand.telegram.client import TelegramStand

from .scripted_bot import ScriptedBot

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
# Names that lead to this machine, as anybody may have one.
QUIET += ["--host-resolver-rules=MAP *.example 127.0.0.1"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
START_WAIT = 20.0
expect.set_options(timeout=5_000)


class OpenPage(Protocol):
    """What the fixture `open_page` gives."""

    def __call__(self, address: str, **context: Any) -> Page:
        """A page at the address, in a context of its own as another person's browser would be."""


@contextlib.contextmanager
def running_stand(port: int = 0) -> Iterator[str]:
    """A stand as a process, on a free port or the one named; gives its address and ends it."""
    command = [sys.executable, "-m", "stand.telegram", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            late = threading.Timer(START_WAIT, process.kill)
            late.start()
            line = process.stdout.readline() if process.stdout else ""
            late.cancel()
            assert "http://" in line, "the stand did not start"
            yield line.split()[-1]
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="package")
def stand() -> Iterator[TelegramStand]:
    """One stand for the stories that make their own users."""
    with running_stand() as url, TelegramStand(url) as client:
        client.limits(enabled=False)
        yield client


@pytest.fixture(scope="package")
def bot(stand: TelegramStand) -> Iterator[ScriptedBot]:
    """The bot of `stand`."""
    with contextlib.closing(ScriptedBot(stand.base_url)) as scripted:
        yield scripted


# Not for the whole session: while Playwright's sync API is up, asyncio takes its loop for a running one,
# and no asynchronous test could run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium or chromium-browser on PATH")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages. Afterwards none may have thrown an error, or have asked any host but the stand."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    strangers: list[str] = []

    def open_one(address: str, **context: Any) -> Page:
        home = address.partition("/#")[0] + "/"

        def seen(request: Request) -> None:
            if not request.url.startswith(home):
                strangers.append(request.url)

        # Motion waits for frames, which are dear where there is no graphics card.
        options = {
            "viewport": {"width": 1280, "height": 800},
            "locale": "en-US",
            "reduced_motion": "reduce",
            **context,
        }
        contexts.append(browser.new_context(**options))
        contexts[-1].on("request", seen)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live")
        return page

    yield open_one
    for opened in contexts:
        opened.close()
    assert errors == []
    assert strangers == []


@pytest.fixture
def address_of(stand: TelegramStand) -> Callable[..., str]:
    """`address_of(user, chat)`: where the page shows a user's chat (the private one by default)."""

    def address(user: int, chat: int | None = None) -> str:
        return f"{stand.base_url}/#user={user}&chat={chat or user}"

    return address
