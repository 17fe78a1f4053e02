"""How much one person is listened to: a token bucket for all that becomes no job, over all chats."""

from dataclasses import dataclass

from jobs.limits import Rate
from ledger.pipeline import SharedPipeline


@dataclass(frozen=True, slots=True)
class Heed:
    """`given`: the person is listened to. Else they are again in `wait_s` seconds; `first`: they have not
    been told so yet."""

    given: bool
    wait_s: float = 0.0
    first: bool = False


class Attention:
    """One for each event loop. All methods raise LedgerUnavailable. Without a rate all are listened to."""

    def __init__(self, pipeline: SharedPipeline, rate: Rate | None) -> None:
        self._pipeline = pipeline
        self._rate = rate

    async def pay(self, user: int) -> Heed:
        """Take one token; who has none left is not listened to until the bucket is full again."""
        if self._rate is None:
            return Heed(given=True)
        given, wait_ms, first = await self._ask(self._rate, user, 1)
        return Heed(bool(given), wait_ms / 1000, bool(first))

    async def give_back(self, user: int) -> None:
        """What the person asked for has become a job, which other limits count."""
        if self._rate is not None:
            await self._ask(self._rate, user, -1)

    async def _ask(self, rate: Rate, user: int, tokens: int) -> list[int]:
        answer: list[int] = await self._pipeline.script("attend", user, rate.burst, rate.per_s / 1000, tokens)
        return answer
