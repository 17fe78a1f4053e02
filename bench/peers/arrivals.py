"""The results in a chat of the Telegram stand, by their prompt."""

import time
from collections.abc import Callable, Collection
from typing import TypeVar

from bench.chaos.histories import text_of
from stand.telegram.client import TelegramStand

T = TypeVar("T")


def pictures(
    telegram: TelegramStand, chat: int, prompts: Collection[str], patience_s: float
) -> dict[str, list[float]]:
    """Return when (Unix seconds) the pictures of these prompts came; late ones are missing."""

    def found() -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for message in telegram.messages(chat):
            if message["media"]:
                times.setdefault(text_of(message).partition("\n\n")[0], []).append(message["at"])
        return times

    # Each request costs the stand time per message, time that it needs to receive the pictures.
    every_s = max(0.5, len(prompts) / 500)
    return patiently(found, lambda times: len(times) >= len(prompts), patience_s, every_s)


def patiently(look: Callable[[], T], enough: Callable[[T], bool], patience_s: float, every_s: float) -> T:
    """Repeat `look` until its result is enough or the patience is over; return the last result."""
    deadline = time.monotonic() + patience_s
    while not enough(found := look()) and time.monotonic() < deadline:
        time.sleep(every_s)
    return found
