"""Flood control: token buckets per chat, per group and per bot.

Telegram publishes only the order of magnitude (about 1 message/s in a chat with short bursts, 20/min in a
group, about 30/s in total); these are the defaults. A refused call takes no tokens.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from stand.telegram.errors import too_many

_FORGET_ABOVE = 50_000


@dataclass
class Rates:
    """The settings of POST /control/limits."""

    enabled: bool = True
    per_chat_per_s: float = 1.0
    burst: float = 5.0
    group_per_min: float = 20.0
    global_per_s: float = 30.0


class FloodControl:
    """Counts sends and edits; `take` raises 429 with `retry_after` when a bucket is empty."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.rates = Rates()
        self._clock = clock
        self._buckets: dict[tuple[int, int, str], tuple[float, float]] = {}

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some of the rates, fill all buckets, and return the rates.

        Raises:
            ValueError: A value is unknown or wrong.
        """
        known = {field.name for field in fields(Rates)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown limit {name!r}; known: {', '.join(sorted(known))}")
            if name == "enabled":
                if not isinstance(value, bool):
                    raise ValueError("enabled must be true or false")
            elif not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
                raise ValueError(f"{name} must be a number above 0")
        for name, value in changes.items():
            setattr(self.rates, name, value)
        self._buckets.clear()
        return asdict(self.rates)

    def take(self, bot: int, chat: int, messages: int = 1) -> None:
        """Count `messages` sent or edited by `bot` in `chat` (negative ids are groups).

        Raises:
            ApiError: 429, a bucket is empty.
        """
        rates = self.rates
        if not rates.enabled:
            return
        now = self._clock()
        wanted = [
            ((bot, 0, "all"), rates.global_per_s, rates.global_per_s),
            ((bot, chat, "chat"), rates.per_chat_per_s, rates.burst),
        ]
        if chat < 0:
            wanted.append(((bot, chat, "group"), rates.group_per_min / 60, rates.group_per_min))
        levels = []
        wait = 0.0
        for key, rate, size in wanted:
            level, stamp = self._buckets.get(key, (size, now))
            level = min(size, level + (now - stamp) * rate)
            # An album larger than the bucket passes if the bucket is full.
            needed = min(messages, size)
            if level < needed:
                wait = max(wait, (needed - level) / rate)
            levels.append((key, level))
        if wait > 0:
            raise too_many(max(1, math.ceil(wait)))
        for key, level in levels:
            self._buckets[key] = (level - messages, now)
        if len(self._buckets) > _FORGET_ABOVE:
            self._forget(now)

    def _forget(self, now: float) -> None:
        # A bucket that was unused for two minutes is full again under the default rates.
        self._buckets = {key: value for key, value in self._buckets.items() if now - value[1] < 120}
