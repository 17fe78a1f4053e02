"""What came into a chat of the Telegram stand, by the prompt that it answers."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from bench.chaos.histories import text_of
from stand.telegram.client import TelegramStand

T = TypeVar("T")


def pictures(
    telegram: TelegramStand, chat: int, prompts: Collection[str], patience_s: float
) -> dict[str, list[float]]:
    """When (Unix seconds) the pictures of these prompts came; those that did not within the patience are
    missing."""

    def found() -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for message in telegram.messages(chat):
            if message["media"]:
                times.setdefault(text_of(message).partition("\n\n")[0], []).append(message["at"])
        return times

    # A look costs the stand time for each message, which it needs to take in the pictures.
    every_s = max(0.5, len(prompts) / 500)
    return patiently(found, lambda times: len(times) >= len(prompts), patience_s, every_s)


def patiently(look: Callable[[], T], enough: Callable[[T], bool], patience_s: float, every_s: float) -> T:
    """What a look found once it was enough, or when the patience was over."""
    deadline = time.monotonic() + patience_s
    while not enough(found := look()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return found
