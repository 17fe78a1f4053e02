"""`bench inflight`: jobs held at a time by one worker process and by the machine, and their cost.

Keys of the result, for each holder: `jobs_held`, `processes`, `memory_mb` (PSS of these processes, MB of 10^6
bytes), `rss_mb`, `kib_per_job`, `cpu_share_of_core`, `polls_per_s`, `poll_lag_p99_ms` (how late a wait ends
in the process, which delays a due poll too; `idle_lag_p99_ms` in a process that does nothing else: the
machine's share), `cores_of_everything` (Redis and the stands too); after all jobs were let go: `delivered`,
`lost`, `delivered_again`, `paid_again`, `left` (entries of the ledger).
"""

import argparse
import sys
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from bench.harness import report
from bench.inflight.holders import NAMES, Load
from bench.inflight.trial import run

_PREFORK = 16
"""Number of jobs for prefork, each in its own process: a thousand do not fit on a machine."""
PANELS: dict[str, Callable[[Any], float]] = {
    "KiB a job": itemgetter("kib_per_job"),
    "share of a core": itemgetter("cpu_share_of_core"),
    "polls/s": itemgetter("polls_per_s"),
}
"""Title of a panel in the plot -> its value."""
_WRONG = ("lost", "delivered_again", "paid_again", "left")
_COLUMNS = (
    "jobs_held",
    "processes",
    "memory_mb",
    "kib_per_job",
    "cpu_share_of_core",
    "polls_per_s",
    "poll_lag_p99_ms",
    "idle_lag_p99_ms",
    *_WRONG,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="these holders")
    parser.add_argument("--jobs", type=int, default=1000, help="jobs held by one process")
    parser.add_argument(
        "--machine", type=int, default=5, help="that many processes in another trial, 0: none"
    )
    parser.add_argument("--windows", type=int, default=3, help="measurements of each trial")
    parser.add_argument("--window-s", type=float, default=12.0, help="seconds of one measurement")
    parser.add_argument("--settle-s", type=float, default=25.0, help="seconds from the last submission")
    parser.add_argument("--poll-s", type=float, default=10.0, help="seconds between two polls of a peer")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files.

    Exit code 1 if a job was lost, paid for twice or delivered twice.
    """
    trials: dict[str, tuple[str, Load]] = {}
    for name in options.only:
        jobs = min(options.jobs, _PREFORK) if name == "prefork" else options.jobs
        trials[name] = name, Load(jobs, 1, options.poll_s)
        if options.machine and name in ("darkroom", "asyncio"):
            many = Load(jobs * options.machine, options.machine, options.poll_s)
            trials[f"{name} x{options.machine}"] = name, many
    figures: dict[str, Any] = {}
    for title, (name, load) in trials.items():
        figures[title] = run(name, load, options.windows, options.window_s, options.settle_s)
        print(f"{title}: {figures[title]}", flush=True)
        if options.json:
            report.write_json(options.json, figures)
    rows = [(title, *(each[column] for column in _COLUMNS)) for title, each in figures.items()]
    print(report.table(("holder", *_COLUMNS), rows))
    if options.plot:
        from bench.harness.bars import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, figures, PANELS)
    if any(each[wrong] for each in figures.values() for wrong in _WRONG):
        sys.exit("not every job was delivered once")
