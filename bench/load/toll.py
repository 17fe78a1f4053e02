"""The figures of a load run: outcomes of the jobs, latency of each part, and cost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import psutil

from bench.harness import report
from bench.harness.gauges import USERS, Use
from bench.load.surge import Seen
from bench.load.users import Ask
from jobs.model import Job
from jobs.states import State

STAND = ("telegram", "provider")
"""The stand-ins for Telegram and the provider, which run on the same machine but are not the platform."""
STAGES = {
    "accepted -> claimed": ("accepted", "claimed"),
    "claimed -> running": ("claimed", "running"),
    "running -> storing": ("running", "storing"),
    "storing -> stored": ("storing", "stored"),
    "stored -> delivered": ("stored", "delivered"),
}


def figures(seen: Seen) -> dict[str, Any]:
    """Return all figures; what each key means: docs/benchmarks.md."""
    asks = [ask for ask in seen.users.asks if ask.outcome != "words"]
    delivered = [ask for ask in asks if ask.outcome == "result"]
    states = Counter(job.state for job in seen.jobs.values())
    took = [ask.answered - ask.sent for ask in delivered]
    platform = {name: use for name, use in seen.gauges.use.items() if name not in (*STAND, USERS)}
    return {
        "users": seen.surge.users,
        "jobs": len(asks),
        "delivered": len(delivered),
        "cancelled": states[State.CANCELLED],
        "failed": states[State.FAILED],
        "turned_away": len(seen.users.asks) - len(asks),
        "lost": lost(seen, asks),
        "duplicates": duplicates(seen, asks),
        "errors_share": round(states[State.FAILED] / max(1, len(asks)), 4),
        "mean_s": round(sum(took) / max(1, len(took)), 3),
        "queue_max": seen.gauges.queue_max,
        "cpu_share": _share(seen, platform.values()),
        "memory_share": round(sum(use.memory for use in platform.values()) / _memory(), 4),
        "cpu_share_stand": _share(seen, (seen.gauges.use[name] for name in STAND)),
        "cpu_share_users": _share(seen, [seen.gauges.use[USERS]]),
        "cpu_share_machine": round(seen.gauges.machine_cpu, 3),
        "users_late_s": round(seen.users.late_s, 3),
        "users_refused": seen.users.refused,
        "asks_per_s": round(len(seen.users.asks) / seen.surge.seconds, 2),
        "results_per_s": round(seen.in_window / seen.gauges.seconds, 2),
        "provider_requests_per_s": round(seen.provider_calls.total() / seen.gauges.seconds, 2),
        "telegram_calls_per_s": round(seen.telegram_calls.total() / seen.gauges.seconds, 2),
        "cpu_ms_per_job": round(
            1000 * sum(use.cpu_s for use in platform.values()) / max(1, seen.in_window), 2
        ),
        "in_ms": spread(_until_submitted(seen)),
        "out_ms": spread(
            1000 * (ask.answered - seen.completed[ask.prompt])
            for ask in delivered
            if ask.prompt in seen.completed
        ),
        "stages_ms": stages(seen.jobs.values()),
        "processes": _processes(seen),
        "calls": _called(seen),
    }


def lost(seen: Seen, asks: Iterable[Ask]) -> int:
    """Return the number of lost requests.

    Those are requests whose chat holds neither a result nor another reply, or jobs that hang, whichever are
    more.
    """
    silent = 0
    for ask in asks:
        found = seen.answers.get((ask.chat, ask.message))
        silent += found is None or not (found.results or found.ends or found.words)
    return max(silent, sum(1 for job in seen.jobs.values() if not job.told))


def duplicates(seen: Seen, asks: Iterable[Ask]) -> int:
    """Return the number of requests with more than one result in the chat, or more than one submission."""
    paid = Counter(each["prompt"] for each in seen.submissions)
    many = 0
    for ask in asks:
        found = seen.answers.get((ask.chat, ask.message))
        many += (found is not None and len(found.results) > 1) or paid[ask.prompt] > 1
    return many


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return p50, p95 and p99."""
    held = list(values)
    return {f"p{part}": round(report.percentile(held, part), 1) for part in (50, 95, 99)}


def stages(jobs: Iterable[Job]) -> dict[str, dict[str, float]]:
    """Return the milliseconds of each stage, for delivered jobs."""
    done = [job for job in jobs if job.state is State.DELIVERED]
    found: dict[str, dict[str, float]] = {}
    for name, (start, end) in STAGES.items():
        took = (job.seconds(start, end) for job in done)
        found[name] = spread(1000 * seconds for seconds in took if seconds is not None)
    return found


def _until_submitted(seen: Seen) -> Iterable[float]:
    asked = {ask.prompt: ask.sent for ask in seen.users.asks}
    return [
        1000 * (each["at"] - asked[each["prompt"]]) for each in seen.submissions if each["prompt"] in asked
    ]


def _share(seen: Seen, used: Iterable[Use]) -> float:
    cores = psutil.cpu_count() or 1
    return round(sum(use.cpu_s for use in used) / (seen.gauges.seconds * cores), 4)


def _memory() -> int:
    return int(psutil.virtual_memory().total)


def _processes(seen: Seen) -> dict[str, dict[str, float]]:
    return {
        name: {
            "cpu_percent": round(100 * use.cpu_s / seen.gauges.seconds, 1),
            "memory_mb": round(use.memory / 1e6, 1),
            "wakeups_per_s": round(use.switches / seen.gauges.seconds, 1),
            "cpu_ms_per_job": round(1000 * use.cpu_s / max(1, seen.in_window), 2),
        }
        for name, use in seen.gauges.use.items()
    }


def _called(seen: Seen) -> dict[str, dict[str, float]]:
    calls: Mapping[str, Counter[str]] = {
        "provider": seen.provider_calls,
        "telegram": seen.telegram_calls,
        "redis": Counter({"round trips": seen.redis["(reads)"], "scripts": seen.redis["evalsha"]}),
    }
    return {
        f"{where} {name}": {
            "per_s": round(count / seen.gauges.seconds, 2),
            "per_job": round(count / max(1, seen.in_window), 2),
        }
        for where, counted in calls.items()
        for name, count in counted.most_common()
    }
