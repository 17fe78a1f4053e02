"""One holder's trial: fill it with jobs that do not end, measure, let them end, and check."""

import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.harness import report, usage
from bench.inflight.holders import Holder, Load
from bench.peers.arrivals import patiently, pictures
from jobs.states import ACTIVE
from ledger import keys
from ledger.connection import connect
from sandbox.processes import Program

_FILL_S = 300.0
_END_S = 900.0
_TOLD_S = 30.0


def run(name: str, load: Load, windows: int, window_s: float, settle_s: float) -> dict[str, Any]:
    """Measure `windows` times for `window_s` seconds each, from `settle_s` after the last submission.

    Returns:
        The figures with the keys of `bench inflight`.

    Raises:
        RuntimeError: Not all jobs got into flight.
    """
    circumstances = report.machine()
    with Holder(name, load) as holder:
        holder.stack.provider.hold()
        chat, began = holder.stack.telegram.new_user(name), time.monotonic()
        sent = holder.system.push(chat, load.jobs, 0.0, name)
        _await_flight(holder, load.jobs)
        filled_s = time.monotonic() - began
        time.sleep(settle_s)
        seen = [_window(holder, window_s) for _ in range(windows)]
        figures = _figures(load, seen)
        began = time.monotonic()
        holder.stack.provider.release()
        came = pictures(holder.stack.telegram, chat, sent, _END_S)
        paid = Counter(each["prompt"] for each in holder.stack.provider.submissions())
        return figures | {
            "filled_s": round(filled_s, 1),
            "delivered": len(came),
            "lost": load.jobs - len(came),
            "delivered_again": sum(len(times) - 1 for times in came.values()),
            "paid_again": sum(paid[prompt] - 1 for prompt in sent if paid[prompt] > 1),
            "ended_s": round(time.monotonic() - began, 1),
            "left": _left(holder),
            "machine": circumstances | {"load_after": report.machine()["load"]},
        }


def _await_flight(holder: Holder, jobs: int) -> None:
    provider = holder.stack.provider
    made = patiently(provider.total, lambda total: total >= jobs, _FILL_S, max(0.2, jobs / 1000))
    if made != jobs:
        said = holder.system.services[0].tail(10)
        raise RuntimeError(f"{made} of {jobs} jobs in flight after {_FILL_S:g} s; a worker says:\n{said}")


def _window(holder: Holder, seconds: float) -> dict[str, float]:
    """Measure what is used during the next `seconds`."""
    services = holder.system.services
    everything = [*services, *holder.system.others, *_stands(holder)]
    cpu, whole = usage.cpu_seconds(services), usage.cpu_seconds(everything)
    polls, began, at = _polls(holder), time.monotonic(), time.time()
    time.sleep(seconds)
    took = time.monotonic() - began
    lags = _lags(holder.folder, at)
    idle = lags.pop(holder.idle.pid, [])
    return {
        "cpu": (usage.cpu_seconds(services) - cpu) / took,
        "all": (usage.cpu_seconds(everything) - whole) / took,
        "polls": (_polls(holder) - polls) / took,
        "lag": report.percentile([late for each in lags.values() for late in each], 99),
        "idle_lag": report.percentile(idle, 99),
        "memory": usage.memory(services),
        "resident": usage.resident(services),
    }


def _figures(load: Load, seen: list[dict[str, float]]) -> dict[str, Any]:
    """Return the median of the windows, and for memory the maximum."""

    def middle(key: str) -> float:
        return statistics.median(each[key] for each in seen)

    most = max(each["memory"] for each in seen)
    return {
        "jobs_held": load.jobs,
        "processes": load.processes,
        "memory_mb": round(most / 1e6, 1),
        "rss_mb": round(max(each["resident"] for each in seen) / 1e6, 1),
        "kib_per_job": round(most / 1024 / load.jobs, 1),
        "cpu_share_of_core": round(middle("cpu"), 3),
        "cpu_shares": [round(each["cpu"], 3) for each in seen],
        "cores_of_everything": round(middle("all"), 2),
        "poll_lag_p99_ms": round(middle("lag"), 1),
        "idle_lag_p99_ms": round(middle("idle_lag"), 1),
        "polls_per_s": round(middle("polls"), 1),
    }


def _stands(holder: Holder) -> list[Program]:
    return [holder.stack.programs[name] for name in ("redis", "provider", "telegram")]


def _polls(holder: Holder) -> int:
    """Return the number of polls that the provider has served so far."""
    return sum(holder.stack.provider.calls()["calls"].get("get", {}).values())


def _lags(folder: Path, since: float) -> dict[int, list[float]]:
    """Return by process id how late its waits ended (ms), since that Unix time."""
    lags = {}
    for path in folder.glob("*.lag"):
        # The last line may be half written.
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()[:-1]]
        lags[int(path.stem)] = [float(late) for at, late in rows if float(at) >= since]
    return lags


def _left(holder: Holder) -> int:
    """Return the entries of the ledger that still need work: none for Darkroom."""
    with connect(holder.stack.settings.ledger_redis()) as client:

        def found() -> int:
            sets = [keys.due(), *map(keys.in_state, sorted(ACTIVE))]
            return sum(int(client.zcard(name)) for name in sets)

        return patiently(found, lambda left: left == 0, _TOLD_S, 0.5)
