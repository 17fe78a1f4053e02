"""Flower as an operator has it: behind a password, with rows that say what was done and no prompt."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.environment import free_port
from sandbox.stack import Stack, procfile

pytestmark = [pytest.mark.page, pytest.mark.long]

OPERATOR = ("operator", "the-safelight-is-on")
QUICK = {"POLL_FIRST_S": "0.1", "POLL_MAX_S": "0.2", "TELEGRAM_CHAT_RATE_PER_S": "1000"}
SMALL = ("--latency", "image=0.3,video=0.3", "--sigma", "0", "--image-size", "256", "--video-size", "128")
SHOTS = os.environ.get("SHOTS")
"""A directory that gets the picture for the documentation: `SHOTS=docs pytest tests/page/test_flower.py`."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with Flower, which has seen its workers."""
    settings = QUICK | {
        "FLOWER_PORT": str(free_port()),
        "FLOWER_BASIC_AUTH": ":".join(OPERATOR),
        "FLOWER_DB": str(tmp_path_factory.mktemp("flower") / "events"),
    }
    with Stack(("bot", "worker-image", "worker-video", "deliver"), settings, SMALL) as started:
        started.telegram.limits(enabled=False)
        started.add("flower", procfile()["flower"]).start()
        yield started


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The operator's browser, logged in."""
    user, password = OPERATOR
    context = browser.new_context(
        http_credentials={"username": user, "password": password},
        viewport={"width": 1440, "height": 660},
        locale="en-US",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(stack.programs["flower"].url)
    yield page
    context.close()


@pytest.mark.parametrize("path", ["/", "/workers", "/tasks", "/broker", "/metrics", "/api/tasks"])
def test_nothing_is_shown_without_the_password(stack: Stack, path: str) -> None:
    """Flower itself would show /metrics to anybody."""
    url = stack.programs["flower"].url + path
    assert httpx.get(url, trust_env=False).status_code == 401
    assert httpx.get(url, auth=("operator", "guessed"), trust_env=False).status_code == 401
    assert httpx.get(url, auth=OPERATOR, trust_env=False).status_code == 200


def test_rows_say_what_was_done_and_keep_prompts_to_themselves(
    stack: Stack, page: Page, tmp_path: Path
) -> None:
    """Given an operator at the workers' page, when people ask for pictures and a video, I expect rows with
    job, kind, model and lane, still there after Flower was started again, and no word of what they asked."""
    for worker in ("image", "video", "deliver"):
        row = page.locator("tr", has_text=re.compile(f"{worker}@"))
        expect(row).to_contain_text("Online", timeout=30_000)

    ann, bob = stack.telegram.new_user("Ann"), stack.telegram.new_user("Bob")
    stack.telegram.send(ann, "/image a red fox in the snow")
    stack.telegram.send(bob, "/video waves at night")
    stack.telegram.send(bob, "/image nsfw quokkas")
    page.goto(f"{stack.programs['flower'].url}/tasks")
    refresh(page, "delivered: video, motion", "delivered: image, sketch", "failed (refused): image, sketch")

    row = page.locator("#tasks-table tbody tr", has_text="stored: video, motion")
    expect(row).to_contain_text("generate")
    expect(row).to_contain_text("vid")
    expect(row).to_contain_text("ago")
    expect(page.locator("#tasks-table thead")).to_contain_text("What was done")
    told = page.content().lower()
    assert [word for word in ("fox", "snow", "waves", "quokkas") if word in told] == []
    page.screenshot(path=Path(SHOTS or tmp_path) / "flower.png")

    stack.programs["flower"].terminate()
    stack.programs["flower"].start()
    page.goto(f"{stack.programs['flower'].url}/tasks")
    expect(page.locator("#tasks-table tbody")).to_contain_text("delivered: video, motion")


def refresh(page: Page, *words: str) -> None:
    """Look again until the table shows all of these; the page does not renew itself."""
    table = page.locator("#tasks-table tbody")
    for _ in range(60):
        page.reload()
        expect(table).not_to_be_empty()
        if all(word in table.inner_text() for word in words):
            return
        page.wait_for_timeout(500)
    for word in words:
        expect(table).to_contain_text(word)
