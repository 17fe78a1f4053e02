"""The rate limit on messages of one person that become no job: one token bucket for all chats."""

from dataclasses import dataclass

from jobs.limits import Rate
from ledger.pipeline import SharedPipeline


@dataclass(frozen=True, slots=True)
class Heed:
    """Whether the bot handles a person's message or ignores it.

    Attributes:
        given: Whether the bot handles the message.
        wait_s: Seconds until the bot handles the person's messages again, where it ignores this one.
        first: Whether the person has not been told yet that the bot ignores them.
    """

    given: bool
    wait_s: float = 0.0
    first: bool = False


class Attention:
    """The rate limit of all users; without a rate there is no limit. One instance per event loop.

    All methods raise LedgerUnavailable.
    """

    def __init__(self, pipeline: SharedPipeline, rate: Rate | None) -> None:
        self._pipeline = pipeline
        self._rate = rate

    async def pay(self, user: int) -> Heed:
        """Take one token. A user whose bucket is empty is ignored until the bucket is full again."""
        if self._rate is None:
            return Heed(given=True)
        given, wait_ms, first = await self._ask(self._rate, user, 1)
        return Heed(bool(given), wait_ms / 1000, bool(first))

    async def give_back(self, user: int) -> None:
        """Return the token: the message has become a job, and other limits count jobs."""
        if self._rate is not None:
            await self._ask(self._rate, user, -1)

    async def _ask(self, rate: Rate, user: int, tokens: int) -> list[int]:
        answer: list[int] = await self._pipeline.script("attend", user, rate.burst, rate.per_s / 1000, tokens)
        return answer
