"""`bench load`: simulated users of the whole of Darkroom, from their message to the media in their chat.

Keys of the result, for each number of users: `users, jobs, delivered, lost, duplicates, errors_share, mean_s,
queue_max, cpu_share, memory_share, in_ms {p50, p95, p99}` (update -> submit), `out_ms` (provider done ->
media in chat), `provider_requests_per_s`, and the circumstances. Exit code 1 if a job is lost or made twice,
or a target is missed. What each key means: docs/benchmarks.md.
"""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.harness import report
from bench.harness.deployment import Deployment
from bench.load import surge, toll
from bench.load.surge import Surge
from bench.load.users import Habits

Figures = dict[str, Any]
TARGETS: dict[str, tuple[str, float]] = {
    "mean_s": ("seconds from the message to the media", 30.0),
    "queue_max": ("jobs waiting in one lane", 50.0),
    "cpu_share": ("of all cores, by the platform", 0.70),
    "memory_share": ("of the machine's memory, by the platform", 0.80),
    "errors_share": ("of the jobs", 0.01),
}
OWN_MS = {"in_ms": {"p50": 30.0, "p99": 250.0}, "out_ms": {"p50": 150.0}}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--users", type=int, nargs="+", default=[300], help="one run for each number")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they ask in each run")
    parser.add_argument("--think", type=float, default=30.0, help="mean think time of a user (seconds)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the provider's times")
    parser.add_argument("--lift", action="store_true", help="no limits but the platform's own")
    parser.add_argument("--slots", type=int, default=32, help="WORKER_SLOTS of each worker")
    parser.add_argument("--no-webhooks", action="store_true", help="poll Telegram and the provider")
    parser.add_argument("--now", action="store_true", help="do not wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def plan_of(options: argparse.Namespace, users: int) -> Surge:
    """Return the run that the options ask for with this number of users."""
    deployment = Deployment(slots=options.slots, lifted=options.lift, webhooks=not options.no_webhooks)
    image_s, video_s = deployment.image_s * options.scale, deployment.video_s * options.scale
    habits = Habits(think_s=options.think, cancel_s=image_s / 3)
    return Surge(
        users,
        options.seconds,
        replace(deployment, image_s=image_s, video_s=video_s),
        habits,
        patience_s=60 + 6 * video_s,
    )


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    runs = []
    for users in options.users:
        if not options.now:
            report.wait_until_quiet(1.5, 240)
        runs.append(measure(plan_of(options, users)))
        show(runs[-1])
    if options.json:
        report.write_json(options.json, runs[0] if len(runs) == 1 else {"runs": runs})
    if options.plot:
        from bench.load.plot import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, runs)
    if missed := [miss for run in runs for miss in run["misses"]]:
        sys.exit("\n".join(missed))


def measure(plan: Surge) -> Figures:
    """Run a plan and return its figures."""
    circumstances = report.machine()
    figures = toll.figures(surge.run(plan))
    figures["misses"] = misses(figures, own=plan.deployment.webhooks and plan.users <= 300)
    habits, deployment = asdict(plan.habits), asdict(plan.deployment)
    figures["plan"] = {"seconds": plan.seconds, "habits": habits, "deployment": deployment}
    figures["machine"] = circumstances | {"load_after": report.machine()["load"]}
    return figures


def misses(figures: Figures, *, own: bool) -> list[str]:
    """Return the missed targets in words; with `own`, also those for the platform's own latency."""
    users = f"{figures['users']} users:"
    found = [
        f"{users} {key} {figures[key]} is not below {bound:g} ({unit})"
        for key, (unit, bound) in TARGETS.items()
        if figures[key] >= bound
    ]
    found += [f"{users} {figures[key]} jobs {key}" for key in ("lost", "duplicates") if figures[key]]
    for key, bounds in OWN_MS.items() if own else ():
        found += [
            f"{users} {key} {part} {figures[key][part]} is not below {bound:g} ms"
            for part, bound in bounds.items()
            if figures[key][part] >= bound
        ]
    return found


def show(figures: Figures) -> None:
    """Print the figures of one run as tables."""
    plain = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    rows = [
        (name, value, f"< {TARGETS[name][1]:g}" if name in TARGETS else "") for name, value in plain.items()
    ]
    print(report.table((f"{figures['users']} users", "measured", "target"), rows))
    print()
    stages = {
        "update -> submit": figures["in_ms"],
        "done -> media in chat": figures["out_ms"],
        **figures["stages_ms"],
    }
    print(
        report.table(("ms", "p50", "p95", "p99"), [(name, *each.values()) for name, each in stages.items()])
    )
    print()
    uses = [(name, *each.values()) for name, each in figures["processes"].items()]
    print(report.table(("process", "% of a core", "MB", "wake-ups/s", "CPU ms per job"), uses))
    print()
    print(
        report.table(("calls", "per s", "per job"), [(n, *c.values()) for n, c in figures["calls"].items()])
    )
    print(*(f"MISSED {miss}" for miss in figures["misses"]), sep="\n")
