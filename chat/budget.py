"""The budget for calls to Telegram, in Redis: token buckets that all processes of the bot share."""

from config.settings import Settings
from jobs.limits import Rate
from ledger import keys
from ledger.connection import connect_async
from ledger.limits import token_buckets
from ledger.limits.token_buckets import BucketAnswer, TokenBucket

_BURST = 3.0
"""Calls that one chat takes at once: Telegram lets "short bursts" over the rate of a chat pass."""


def rate_of_all(settings: Settings) -> Rate:
    """All chats together: bursts of half a second's worth."""
    return Rate(settings.telegram_rate_per_s, max(1.0, settings.telegram_rate_per_s / 2))


def rate_of(chat: int | str, settings: Settings) -> Rate:
    """One chat. Negative ids and names are groups: their limit holds in any single minute, bursts too."""
    if isinstance(chat, int) and chat > 0:
        return Rate(settings.telegram_chat_rate_per_s, _BURST)
    per_min = settings.telegram_group_rate_per_min
    burst = max(1.0, min(_BURST, per_min / 5))
    return Rate(max(per_min - burst, per_min / 2) / 60, burst)


class CallBudget:
    """The buckets. Methods raise redis.RedisError when Redis does not answer within a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        rate = rate_of_all(settings)
        # A fifth of the whole budget and one call to each chat are kept for results.
        self._all = TokenBucket(keys.bucket("all"), rate, max(1.0, rate.burst / 5))
        self._redis = connect_async(settings.ledger_redis(), timeout_s=1)
        self._take = self._redis.register_script(token_buckets.TAKE)
        self._hold = self._redis.register_script(token_buckets.HOLD)

    async def take(self, chat: int | str, mode: str, patience_s: float) -> BucketAnswer:
        """Ask for one call to a chat; modes and answers as in `ledger/lua/buckets/take.lua`."""
        both = (self._bucket(chat), self._all)
        return BucketAnswer.of(await self._take(*token_buckets.take(_hold_key(chat), both, mode, patience_s)))

    async def hold(self, chat: int | str, seconds: float) -> None:
        """No process calls this chat before `seconds` are over; a longer hold stays as it is."""
        await self._hold(*token_buckets.hold(_hold_key(chat), self._bucket(chat), seconds))

    def _bucket(self, chat: int | str) -> TokenBucket:
        rate = rate_of(chat, self._settings)
        return TokenBucket(keys.bucket(f"chat:{chat}"), rate, min(2.0, rate.burst))

    async def close(self) -> None:
        """Close the connections; the budget may be used again afterwards, and opens new ones."""
        await self._redis.aclose()


def _hold_key(chat: int | str) -> str:
    return keys.bucket(f"hold:{chat}")
