"""What a process has seen of the outer world (calls to providers and Telegram), on its way to the metrics.

Changes of jobs are counted in the ledger, in the step that makes them. These facts belong to no such step:
they add up here, cost no round trip, and go to Redis with the process's next sign of life. A process that is
killed loses those of its last heartbeat; one write whose answer was lost counts twice.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ledger import histograms, keys


class MetricsBuffer:
    """One per process; safe to share between threads. Nothing here waits for anything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._observations: Counter[str] = Counter()

    def count(self, name: str, by: int = 1) -> None:
        """Raise one counter."""
        with self._lock:
            self._counts[name] += by

    def observe(self, name: str, value: float, bounds: Sequence[float] = histograms.SECONDS) -> None:
        """Put one value (in the histogram's unit) into a histogram."""
        with self._lock:
            self._observations.update(histograms.fields_of(name, bounds, value))

    def take(self) -> "Batch":
        """All that has added up; whoever takes it must write it or put it back."""
        with self._lock:
            batch = Batch(self._counts, self._observations)
            self._counts, self._observations = Counter(), Counter()
        return batch

    def put_back(self, batch: "Batch") -> None:
        """The batch was not written."""
        with self._lock:
            self._counts.update(batch.counts)
            self._observations.update(batch.observations)


class Batch:
    """What a tally held at one moment."""

    def __init__(self, counts: "Counter[str]", observations: "Counter[str]") -> None:
        self.counts = counts
        self.observations = observations

    def write(self, pipe: Any) -> None:
        """Add it to a pipeline."""
        for key, counter in ((keys.counts(), self.counts), (keys.observations(), self.observations)):
            for name, by in counter.items():
                pipe.hincrby(key, name, by)
