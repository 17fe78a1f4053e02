"""`bench chaos`: all processes are killed at random, and no job is lost, paid twice or delivered twice.

Keys of the result: `jobs, kills, delivered, failed, cancelled, lost, double_paid, duplicate_messages,
wrong_recipient, unaccounted, recovery_s {p50, p99}` and the circumstances. Exit code 1 when an invariant
breaks, with the job's history. What each key means: docs/benchmarks.md.
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.chaos import peer_relier, strikes
from bench.chaos.checker import Breach, Checker
from bench.chaos.nemesis import Nemesis
from bench.chaos.replay import Kill, Recovery
from bench.chaos.run import Outcome, Plan, run
from bench.harness import report

_MEASURES = 100
"""Number of jobs from which times count, so that the run waits for a quiet machine."""
_STORIES = 5
"""Number of jobs whose whole history is printed when an invariant breaks."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--jobs", type=int, default=500, help="requests that are taken")
    parser.add_argument("--kills", type=int, default=5, help="SIGKILLs of workers that generate")
    parser.add_argument("--seed", type=int, default=1, help="draws who asks when, and all that goes wrong")
    parser.add_argument(
        "--redis-kills", type=int, help="SIGKILLs of Redis (default: one for five of workers)"
    )
    parser.add_argument(
        "--appendfsync", choices=("always", "everysec"), default="always", help="how Redis keeps its file"
    )
    parser.add_argument("--lease", type=float, default=4.0, help="LEASE_S; its parts HEARTBEAT_S, SWEEP_S")
    parser.add_argument("--webhooks", action="store_true", help="Telegram and the provider post to the bot")
    parser.add_argument(
        "--replica", action="store_true", help="a write counts when a replica has it (REDIS_WAIT_REPLICAS=1)"
    )
    parser.add_argument("--keep", type=Path, help="when an invariant breaks, keep all logs in this folder")
    parser.add_argument("--peer", choices=("relier",), help="run this one too, with the same kills")
    parser.add_argument("--json", type=Path, help="write the figures here")


def plan_of(options: argparse.Namespace) -> Plan:
    """Return the run that the options ask for."""
    return Plan(
        jobs=options.jobs,
        kills=options.kills,
        seed=options.seed,
        appendfsync=options.appendfsync,
        redis_kills=options.redis_kills,
        lease_s=options.lease,
        heartbeat_s=options.lease / 4,
        sweep_s=options.lease / 6,
        webhooks=options.webhooks,
        replica=options.replica,
        keep=options.keep,
    )


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    plan = plan_of(options)
    if plan.jobs >= _MEASURES:
        report.wait_until_quiet(2.0, 60)
    circumstances, began = report.machine(), time.monotonic()
    outcome = run(plan)
    _print(outcome.verdict.breaches, outcome.checker)
    figures = _figures(outcome) | {
        "seconds": round(time.monotonic() - began, 1),
        "plan": {name: value for name, value in asdict(plan).items() if name != "keep"},
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }
    if options.peer:
        figures["peer"] = {options.peer: peer_relier.run(plan.jobs, plan.kills, plan.seed, plan.lease_s)}
    shown = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    recovery = figures["recovery_s"]
    print(report.table(("figure", "value"), [*shown.items()]))
    print(
        f"recovery: p50 {recovery['p50']:.2f} s, p99 {recovery['p99']:.2f} s of {recovery['count']} jobs held"
    )
    for name, peer in figures.get("peer", {}).items():
        print(f"{name}: {peer}")
    if options.json:
        report.write_json(options.json, figures)
    if outcome.verdict.breaches:
        sys.exit(1)


def _undisturbed(foe: Nemesis, recovery: Recovery) -> bool:
    """Return whether no other fault hit Redis, or a process that could claim the job, during its recovery."""
    kill = recovery.kill
    alike = next((names for names in strikes.GROUPS.values() if kill.name in names), ())
    over = kill.at + recovery.seconds
    return not any(
        who in ("redis", *alike) and (who, began) != (kill.name, kill.at) and began < over and ended > kill.at
        for who, began, ended in foe.spans
    )


def _spread(recovery: list[Recovery]) -> dict[str, float]:
    seconds = [each.seconds for each in recovery]
    return {
        "p50": round(report.percentile(seconds, 50), 2),
        "p99": round(report.percentile(seconds, 99), 2),
        "max": round(max(seconds, default=0.0), 2),
        "count": len(seconds),
    }


def _by_kill(outcome: Outcome) -> list[dict[str, Any]]:
    """Return for each SIGKILL the number of jobs that the process held and the longest delay of one (s)."""
    waits: dict[Kill, list[float]] = defaultdict(list)
    for each in outcome.books.replay.recovery:
        waits[each.kill].append(round(each.seconds, 2))
    return [
        {
            "name": kill.name,
            "at_s": round(kill.at - outcome.foe.began, 1),
            "jobs": len(waits[kill]),
            "max_s": max(waits[kill], default=0.0),
        }
        for kill in sorted(outcome.foe.kills, key=lambda kill: kill.at)
    ]


def _print(breaches: list[Breach], checker: Checker) -> None:
    for breach in breaches[:50]:
        print(f"BREACH of {breach.invariant}: {breach.what} {breach.job}")
    for job_id in list(dict.fromkeys(breach.job for breach in breaches if breach.job))[:_STORIES]:
        print(f"\n{checker.story(job_id)}")


def _figures(outcome: Outcome) -> dict[str, Any]:
    verdict, foe, books = outcome.verdict, outcome.foe, outcome.books
    steady = [each for each in books.replay.recovery if _undisturbed(foe, each)]
    shaken = [each for each in books.replay.recovery if each not in steady]
    makers = [kill for kill in foe.kills if kill.name in strikes.MAKERS]
    return {
        "jobs": verdict.jobs,
        "kills": len(makers),
        "delivered": verdict.delivered,
        "failed": verdict.failed,
        "cancelled": verdict.cancelled,
        "lost": verdict.lost,
        "double_paid": verdict.double_paid,
        "duplicate_messages": verdict.duplicate_messages,
        "wrong_recipient": verdict.wrong_recipient,
        "unaccounted": verdict.unaccounted,
        "recovery_s": _spread(steady),
        "recovery_struck_again_s": _spread(shaken),
        "killed": _by_kill(outcome),
        "refused": verdict.refused,
        "left_over": len(verdict.left_over),
        "breaches": len(verdict.breaches),
        "nemesis": dict(sorted(foe.done.items())),
        "away": [(name, round(a - foe.began, 1), round(b - foe.began, 1)) for name, a, b in foe.spans],
        "crowd_late_s": round(outcome.crowd_late_s, 2),
    }
