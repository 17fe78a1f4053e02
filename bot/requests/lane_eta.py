"""ETA of a full lane for people whose request is rejected, cached for each lane and model."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from ledger.queue_position import QueuePositions

GOOD_S = 2.0
"""Time (s) for which an ETA is cached; the ETA itself is a guess of minutes."""


class LaneEta:
    """The cache of ETAs; one for each event loop."""

    def __init__(self, waiting: QueuePositions, executor: ThreadPoolExecutor) -> None:
        self._waiting = waiting
        self._executor = executor
        self._known: dict[tuple[str, str], tuple[float, asyncio.Future[float]]] = {}

    async def expect(self, lane: str, model: str, typical_s: float) -> float:
        """Return the seconds until a job of `model` in the lane's first place is done.

        Args:
            lane: The lane.
            model: The model of the rejected request.
            typical_s: The model's typical duration (s), used until durations of its jobs are known.

        Raises:
            LedgerUnavailable: The ledger is away.
        """
        until, expected = self._known.get((lane, model), (0.0, None))
        if expected is None or time.monotonic() > until:
            expected = asyncio.get_running_loop().run_in_executor(
                self._executor, self._waiting.expect, lane, model, 1, typical_s
            )
            self._known[lane, model] = time.monotonic() + GOOD_S, expected
        return await asyncio.shield(expected)
