"""`bench peers`: the same pipeline on other task queues, side by side.

Keys of the result, for each system: `slots`, `own_ms` {p50, p99} (admission to picture in the chat, minus the
provider's own time, under a steady load), `polls_per_job` under that load, `jobs_per_s` in a burst (and
`slots_could_do_per_s`, `burst_lost`: not delivered in 120 s), `memory_mb_per_100` jobs in flight (PSS of all
processes except Redis and the stands); of `killed` jobs, half of them in the worker that got SIGKILL: `lost`
(not delivered within the patience), `paid_again`, `delivered_again`, `all_within_s`.
"""

import argparse
import time
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from bench.harness import report
from bench.peers.systems import LIBRARIES
from bench.peers.trial import WITH_WEBHOOKS, Plan, run

SYSTEMS = ("darkroom", WITH_WEBHOOKS, *LIBRARIES)
PANELS: dict[str, Callable[[Any], float]] = {
    "own time p50, ms": lambda each: each["own_ms"]["p50"],
    "jobs/s in a burst": itemgetter("jobs_per_s"),
    "MB for 100 in flight": itemgetter("memory_mb_per_100"),
    "lost of 100 (SIGKILL)": itemgetter("lost"),
    "paid again (SIGKILL)": itemgetter("paid_again"),
}
"""Title of a panel in the plot -> its value."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    plan = Plan()
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=SYSTEMS, help="these systems")
    parser.add_argument("--slots", type=int, default=plan.slots, help="jobs in flight at a time")
    parser.add_argument("--seconds", type=float, default=plan.seconds, help="mean time of a prediction")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its table and write its files."""
    plan = Plan(slots=options.slots, seconds=options.seconds, burst=5 * options.slots)
    figures: dict[str, Any] = {}
    for name in options.only:
        circumstances, began = report.machine(), time.monotonic()
        figures[name] = run(name, plan) | {
            "machine": circumstances,
            "seconds": round(time.monotonic() - began),
        }
        print(f"{name}: {figures[name]}", flush=True)
        if options.json:
            report.write_json(options.json, figures)
    columns = (
        "polls_per_job",
        "jobs_per_s",
        "memory_mb_per_100",
        "lost",
        "paid_again",
        "delivered_again",
        "all_within_s",
    )
    rows = [
        (name, each["own_ms"]["p50"], each["own_ms"]["p99"], *(each[column] for column in columns))
        for name, each in figures.items()
    ]
    print(report.table(("system", "own p50 ms", "own p99 ms", *columns), rows))
    if options.plot:
        from bench.harness.bars import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, figures, PANELS)
