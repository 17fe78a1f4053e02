"""`bench polling`: how many requests it takes to notice a prediction's end, and with which delay.

The waiting code of a worker runs on virtual time with three schedules: fixed 1 s, a plain backoff, and ours,
on the same durations. Keys of the result: `traces` (by trace and policy `requests_per_job, mean_lag_s,
p95_lag_s`), `crowd` (by number of active jobs and policy also `requests_per_s`), and the circumstances. Exit
code 1 unless ours has fewer requests and less lag than the plain backoff on every trace, and at most one
request per job with webhooks.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import structlog

from bench.harness import report
from bench.polling import lookout
from bench.polling.lookout import BACKOFF, FIXED, HINTED, LOSSY, OURS, Policy
from bench.polling.traces import Trace, traces

JOBS = 1000
CROWDS = (50, 100, 300)
CROWD_S = 60.0
AT_MOST_PER_S = 15.0
"""Target: requests per second at 300 active jobs."""
Figures = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--jobs", type=int, default=JOBS, help="jobs of a trace")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    circumstances = report.machine()
    # A worker warns of each lost webhook; here they are lost on purpose.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    figures: Figures = {"traces": on_traces(traces(options.jobs)), "crowd": in_crowds(CROWDS, CROWD_S)}
    for trace, found in figures["traces"].items():
        print(f"\n{trace}")
        print(report.table(("policy", "requests/job", "mean lag s", "p95 lag s", "max lag s"), _rows(found)))
    for active, found in figures["crowd"].items():
        print(f"\n{active} active jobs")
        rows = [(*row, found[row[0]]["requests_per_s"]) for row in _rows(found)]
        head = ("policy", "requests/job", "mean lag s", "p95 lag s", "max lag s", "requests/s")
        print(report.table(head, rows))
    figures["misses"] = misses(figures)
    figures["machine"] = circumstances | {"load_after": report.machine()["load"]}
    if options.json:
        report.write_json(options.json, figures)
    if options.plot:
        from bench.polling.plot import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, figures)
    if figures["misses"]:
        sys.exit("\n".join(figures["misses"]))


def on_traces(
    given: list[Trace], policies: tuple[Policy, ...] = (FIXED, BACKOFF, OURS, HINTED, LOSSY)
) -> Figures:
    """Return the figures by trace and policy."""
    return {
        trace.name: {
            policy.name: lookout.follow(policy, trace.durations, trace.per_s, trace.deadline_s).figures()
            for policy in policies
        }
        for trace in given
    }


def in_crowds(crowds: tuple[int, ...], seconds: float) -> Figures:
    """Return the figures by number of active jobs and policy."""
    found: Figures = {}
    for active in crowds:
        found[str(active)] = by_policy = {}
        for policy in (BACKOFF, OURS, HINTED):
            seen = lookout.crowd(policy, active, seconds)
            by_policy[policy.name] = seen.figures() | {
                "requests_per_s": round(len(seen.looks) / seconds, 1),
                "jobs_per_s": round(len(seen.lags) / seconds, 1),
            }
    return found


def misses(figures: Figures) -> list[str]:
    """Return the missed targets in words."""
    found = []
    for trace, by_policy in figures["traces"].items():
        ours, plain = by_policy[OURS.name], by_policy[BACKOFF.name]
        found += [
            f"{trace}: {key} {ours[key]} is not below {plain[key]}"
            for key in ("requests_per_job", "mean_lag_s")
            if ours[key] >= plain[key]
        ]
        if by_policy[HINTED.name]["requests_per_job"] > 1:
            found.append(
                f"{trace}: {by_policy[HINTED.name]['requests_per_job']} requests per job with webhooks"
            )
    many = figures["crowd"].get("300", {})
    if many and many[OURS.name]["requests_per_s"] >= AT_MOST_PER_S:
        found.append(f"300 active jobs: {many[OURS.name]['requests_per_s']} requests/s")
    return found


def _rows(found: Figures) -> list[tuple[object, ...]]:
    keys = ("requests_per_job", "mean_lag_s", "p95_lag_s", "max_lag_s")
    return [(policy, *(figures[key] for key in keys)) for policy, figures in found.items()]
