"""Metrics of a process that belong to no change of a job, such as calls to providers and to Telegram.

Changes of jobs are counted in the ledger, in the step that makes them. All other figures add up in a buffer.
They cost no round trip, and go to Redis with the process's next heartbeat. A process that is killed loses the
figures since its last heartbeat. A write whose reply was lost counts twice.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ledger import histograms, keys


class MetricsBuffer:
    """The buffer of one process, shared between its threads. No method waits for Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._observations: Counter[str] = Counter()

    def count(self, name: str, by: int = 1) -> None:
        """Increment one counter."""
        with self._lock:
            self._counts[name] += by

    def observe(self, name: str, value: float, bounds: Sequence[float] = histograms.SECONDS) -> None:
        """Add one value, in the histogram's unit, to a histogram."""
        with self._lock:
            self._observations.update(histograms.fields_of(name, bounds, value))

    def take(self) -> "Batch":
        """Empty the buffer and return its content, which the caller must write or put back."""
        with self._lock:
            batch = Batch(self._counts, self._observations)
            self._counts, self._observations = Counter(), Counter()
        return batch

    def put_back(self, batch: "Batch") -> None:
        """Add a batch that could not be written to the buffer again."""
        with self._lock:
            self._counts.update(batch.counts)
            self._observations.update(batch.observations)


class Batch:
    """The content of a metrics buffer at one moment."""

    def __init__(self, counts: "Counter[str]", observations: "Counter[str]") -> None:
        self.counts = counts
        self.observations = observations

    def write(self, pipe: Any) -> None:
        """Add the batch to a pipeline."""
        for key, counter in ((keys.counts(), self.counts), (keys.observations(), self.observations)):
            for name, by in counter.items():
                pipe.hincrby(key, name, by)
