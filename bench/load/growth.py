"""`bench growth`: what one job costs as users, ended jobs, histories and cached results grow in number.

Each run has the same rate of requests and a small deployment; only the size of one part differs. Keys of the
result: `axes` (by axis a list of `{size, cpu_ms_per_job, redis_cpu_ms_per_job, redis_trips_per_job, in_ms,
out_ms, redis_mb, jobs}`) and the circumstances. Exit code 1 if a job is lost or made twice.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import redis

from bench.harness import report
from bench.harness.deployment import Deployment
from bench.load import filler, surge, toll
from bench.load.filler import Fill
from bench.load.surge import Surge
from bench.load.users import Habits

FULL = {
    "users": (100, 1_000, 10_000),
    "ended jobs": (1_000, 10_000, 100_000, 1_000_000),
    "jobs in a history": (1, 50),
    "cached results": (1_000, 1_000_000),
}
SHORT = dict.fromkeys(FULL, (20,))
_USERS = 200
_HEAD = ("size", "CPU ms/job", "Redis CPU ms/job", "Redis trips/job", "in p50 ms", "out p50 ms", "Redis MB")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--per-s", type=float, default=8.0, help="requests a second of all users together")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long they ask at each size")
    parser.add_argument("--axis", choices=tuple(FULL), nargs="+", default=list(FULL), help="what grows")
    parser.add_argument("--short", action="store_true", help="one small size each: measures nothing")
    parser.add_argument("--now", action="store_true", help="do not wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    if not (options.now or options.short):
        report.wait_until_quiet(1.5, 240)
    circumstances = report.machine()
    sizes = SHORT if options.short else FULL
    axes: dict[str, list[dict[str, Any]]] = {}
    for axis in options.axis:
        axes |= run({axis: sizes[axis]}, options.per_s, options.seconds)
        print(f"\n{axis}")
        print(report.table(_HEAD, [_row(point) for point in axes[axis]]), flush=True)
    figures = {
        "axes": axes,
        "plan": {"per_s": options.per_s, "seconds": options.seconds},
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }
    if options.json:
        report.write_json(options.json, figures)
    if options.plot:
        from bench.load.growth_plot import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, axes)
    if wrong := [
        point for points in axes.values() for point in points if point["lost"] or point["duplicates"]
    ]:
        sys.exit(f"jobs were lost or made twice: {wrong}")


def run(sizes: Mapping[str, Sequence[int]], per_s: float, seconds: float) -> dict[str, list[dict[str, Any]]]:
    """Run all sizes of all axes, each on its own stack."""
    return {axis: [_point(axis, size, per_s, seconds) for size in held] for axis, held in sizes.items()}


def _point(axis: str, size: int, per_s: float, seconds: float) -> dict[str, Any]:
    users = size if axis == "users" else min(_USERS, 10 * round(per_s))
    memory: list[int] = []

    def prepare(client: "redis.Redis", chats: list[int]) -> None:
        _fill(axis, size, chats)(client)
        info: Any = client.info("memory")
        memory.append(int(info["used_memory"]))

    deployment = Deployment(1, 0, 0, 1, image_s=1.0, video_s=1.0, sigma=0.3, lifted=True)
    # A user's cycle is the think time plus the second that the job takes.
    habits = Habits(max(0.1, users / per_s - 1.0), videos=0.0, cancels=0.0, vips=0.0)
    found = toll.figures(surge.run(Surge(users, seconds, deployment, habits, 60.0, prepare=prepare)))
    kept = ("jobs", "lost", "duplicates", "cpu_ms_per_job", "in_ms", "out_ms", "asks_per_s")
    return {
        "size": size,
        **{name: found[name] for name in kept},
        "redis_cpu_ms_per_job": found["processes"]["redis"]["cpu_ms_per_job"],
        "redis_trips_per_job": found["calls"]["redis round trips"]["per_job"],
        "redis_mb": round(memory[0] / 1e6, 1),
    }


def _fill(axis: str, size: int, chats: list[int]) -> Fill:
    if axis == "ended jobs":
        return filler.ended_jobs(size)
    if axis == "cached results":
        return filler.cached_results(size)
    return filler.histories(chats, size if axis == "jobs in a history" else 0)


def _row(point: Mapping[str, Any]) -> tuple[object, ...]:
    figures = (point[key] for key in ("cpu_ms_per_job", "redis_cpu_ms_per_job", "redis_trips_per_job"))
    return (point["size"], *figures, point["in_ms"]["p50"], point["out_ms"]["p50"], point["redis_mb"])
