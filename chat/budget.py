"""The rate limits of calls to Telegram: token buckets in Redis that all processes of the bot share."""

from config.settings import Settings
from jobs.limits import Rate
from ledger import keys
from ledger.connection import connect_async
from ledger.limits import token_buckets
from ledger.limits.token_buckets import BucketAnswer, TokenBucket

_BURST = 3.0
"""Most calls to one chat at once: Telegram allows "short bursts" above a chat's rate."""


def rate_of_all(settings: Settings) -> Rate:
    """Return the rate of all chats together, with a burst of half a second's calls."""
    return Rate(settings.telegram_rate_per_s, max(1.0, settings.telegram_rate_per_s / 2))


def rate_of(chat: int | str, settings: Settings) -> Rate:
    """Return the rate of one chat.

    Negative ids and names are groups. A group's limit counts the calls of any single minute, bursts included.
    """
    if isinstance(chat, int) and chat > 0:
        return Rate(settings.telegram_chat_rate_per_s, _BURST)
    per_min = settings.telegram_group_rate_per_min
    burst = max(1.0, min(_BURST, per_min / 5))
    return Rate(max(per_min - burst, per_min / 2) / 60, burst)


class CallBudget:
    """The token buckets. Methods raise redis.RedisError when Redis does not answer within a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        rate = rate_of_all(settings)
        # Progress edits leave a fifth of the burst of all chats, and one call to each chat, for results.
        self._all = TokenBucket(keys.bucket("all"), rate, max(1.0, rate.burst / 5))
        self._redis = connect_async(settings.ledger_redis(), timeout_s=1)
        self._take = self._redis.register_script(token_buckets.TAKE)
        self._hold = self._redis.register_script(token_buckets.HOLD)

    async def take(self, chat: int | str, mode: str, patience_s: float) -> BucketAnswer:
        """Take a token for one call to a chat from the chat's bucket and from that of all chats.

        Args:
            chat: The chat.
            mode: One of the modes in `ledger/lua/buckets/take.lua`.
            patience_s: Longest wait that the caller accepts, in seconds.

        Returns:
            One of the results in `ledger/lua/buckets/take.lua`.
        """
        both = (self._bucket(chat), self._all)
        return BucketAnswer.of(await self._take(*token_buckets.take(_hold_key(chat), both, mode, patience_s)))

    async def hold(self, chat: int | str, seconds: float) -> None:
        """Keep all processes from calls to this chat for `seconds`; a longer hold stays as it is."""
        await self._hold(*token_buckets.hold(_hold_key(chat), self._bucket(chat), seconds))

    def _bucket(self, chat: int | str) -> TokenBucket:
        rate = rate_of(chat, self._settings)
        return TokenBucket(keys.bucket(f"chat:{chat}"), rate, min(2.0, rate.burst))

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._redis.aclose()


def _hold_key(chat: int | str) -> str:
    return keys.bucket(f"hold:{chat}")
