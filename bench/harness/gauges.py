"""What the processes of a run use of the machine, and how long the queues get."""

import os
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import redis

from jobs.model import GENERATION_LANES
from ledger import keys

_PERIOD_S = 0.25
_VOLUNTARY = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)", re.MULTILINE)
USERS = "users"
"""The name under which this process counts itself: it plays the users."""


@dataclass(slots=True)
class Use:
    """`cpu_s`: seconds of processor time; `memory`: the most resident bytes; `switches`: how often it was
    given a processor after it had waited for something."""

    cpu_s: float = 0.0
    memory: int = 0
    switches: int = 0


@dataclass(slots=True)
class Gauges:
    """A context manager that looks four times a second. `seconds` is how long it did; `queue_max` the most
    jobs that waited in one lane; `machine_cpu` the share of all cores that was busy, whoever used them."""

    client: "redis.Redis"
    pids: Mapping[str, int]
    use: dict[str, Use] = field(default_factory=dict)
    queue_max: int = 0
    seconds: float = 0.0
    machine_cpu: float = 0.0

    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _began: float = 0.0
    _busy: float = 0.0
    _at_first: dict[str, Use] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._began, self._busy = time.monotonic(), _busy()
        self._at_first = self._look(deep=True)
        self._thread = threading.Thread(target=self._run, name="gauges", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Look for the last time; again is no harm."""
        if self._stop.is_set() or self._thread is None:
            return
        self._stop.set()
        self._thread.join(5)
        self._keep(deep=True)
        self.seconds = time.monotonic() - self._began
        self.machine_cpu = (_busy() - self._busy) / self.seconds / (os.cpu_count() or 1)

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_S):
            self._keep()
            with suppress(redis.RedisError), self.client.pipeline(transaction=False) as pipe:
                for lane in GENERATION_LANES:
                    pipe.zcard(keys.waiting(lane))
                self.queue_max = max(self.queue_max, *map(int, pipe.execute()))

    def _keep(self, *, deep: bool = False) -> None:
        for name, now in self._look(deep).items():
            kept, first = self.use.setdefault(name, Use()), self._at_first.get(name, Use())
            kept.cpu_s = now.cpu_s - first.cpu_s
            kept.switches = now.switches - first.switches
            kept.memory = max(kept.memory, now.memory)

    def _look(self, deep: bool) -> dict[str, Use]:
        found = {}
        for name, pid in {**self.pids, USERS: os.getpid()}.items():
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                times, memory = process.cpu_times(), process.memory_info().rss
                found[name] = Use(times.user + times.system, memory, _switches(pid) if deep else 0)
        return found


def _switches(pid: int) -> int:
    """Of all threads; psutil counts those of the first alone."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):
            found = _VOLUNTARY.search(status.read_text(encoding="ascii", errors="replace"))
            count += int(found[1]) if found else 0
    return count


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
