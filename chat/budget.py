"""The budget for calls to Telegram, in Redis: token buckets that all processes of the bot share."""

import math
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from jobs import keys
from jobs.connection import connect_async

_FOLDER = Path(__file__).parent / "lua"
_BURST = 3.0
"""Calls that one chat takes at once: Telegram lets "short bursts" over the rate of a chat pass."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One bucket: it holds `burst` tokens and gets `per_s` a second."""

    burst: float
    per_s: float

    @property
    def per_ms(self) -> float:
        """Tokens per millisecond."""
        return self.per_s / 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bucket says; the words are explained in `chat/lua/take.lua`."""

    word: str
    wait_s: float


def rate_of_all(settings: Settings) -> Rate:
    """All chats together: bursts of half a second's worth."""
    return Rate(max(1.0, settings.telegram_rate_per_s / 2), settings.telegram_rate_per_s)


def rate_of(chat: int | str, settings: Settings) -> Rate:
    """One chat. Negative ids and names are groups: their limit holds in any single minute, bursts too."""
    if isinstance(chat, int) and chat > 0:
        return Rate(_BURST, settings.telegram_chat_rate_per_s)
    per_min = settings.telegram_group_rate_per_min
    burst = max(1.0, min(_BURST, per_min / 5))
    return Rate(burst, max(per_min - burst, per_min / 2) / 60)


class Budget:
    """The buckets. Methods raise redis.RedisError when Redis does not answer within a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._all = rate_of_all(settings)
        self._redis = connect_async(settings.ledger_redis(), timeout_s=1)
        self._take = self._redis.register_script((_FOLDER / "take.lua").read_text(encoding="utf-8"))
        self._hold = self._redis.register_script((_FOLDER / "hold.lua").read_text(encoding="utf-8"))

    async def take(self, chat: int | str, mode: str, patience_s: float) -> Answer:
        """Ask for one call to a chat; modes and answers as in `chat/lua/take.lua`."""
        own = rate_of(chat, self._settings)
        word, wait_ms = await self._take(
            keys=[_hold_key(chat), _bucket_key(chat), keys.bucket("all")],
            args=[
                own.burst,
                own.per_ms,
                self._all.burst,
                self._all.per_ms,
                math.floor(patience_s * 1000),
                mode,
            ],
        )
        return Answer(word, int(wait_ms) / 1000)

    async def hold(self, chat: int | str, seconds: float) -> None:
        """No process calls this chat before `seconds` are over; a longer hold stays as it is."""
        own = rate_of(chat, self._settings)
        await self._hold(
            keys=[_hold_key(chat), _bucket_key(chat)],
            args=[math.ceil(seconds * 1000), own.burst, own.per_ms],
        )

    async def close(self) -> None:
        """Close the connections; the budget may be used again afterwards, and opens new ones."""
        await self._redis.aclose()


def _bucket_key(chat: int | str) -> str:
    return keys.bucket(f"chat:{chat}")


def _hold_key(chat: int | str) -> str:
    return keys.bucket(f"hold:{chat}")
