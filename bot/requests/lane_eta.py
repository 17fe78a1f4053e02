"""How long a full lane takes, for those who are turned away: asked once a while, however many they are."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from ledger.queue_position import QueuePositions

GOOD_S = 2.0
"""An expectation is told for so long; it is a guess of minutes."""


class LaneEta:
    """One for each event loop."""

    def __init__(self, waiting: QueuePositions, executor: ThreadPoolExecutor) -> None:
        self._waiting = waiting
        self._executor = executor
        self._known: dict[tuple[str, str], tuple[float, asyncio.Future[float]]] = {}

    async def expect(self, lane: str, model: str, typical_s: float) -> float:
        """As `QueuePositions.expect` of the lane's first place. Raises LedgerUnavailable."""
        until, expected = self._known.get((lane, model), (0.0, None))
        if expected is None or time.monotonic() > until:
            expected = asyncio.get_running_loop().run_in_executor(
                self._executor, self._waiting.expect, lane, model, 1, typical_s
            )
            self._known[lane, model] = time.monotonic() + GOOD_S, expected
        return await asyncio.shield(expected)
