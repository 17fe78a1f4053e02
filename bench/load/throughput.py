"""`bench throughput`: jobs per second, and what one job costs, with a provider that returns at once.

Measured from the user's message to the media in the chat, through the whole of Darkroom, with all limits
lifted and enough users to keep it busy. Keys of the result: `jobs_per_s, cpu_ms_per_job, redis_per_job,
telegram_per_job, start_s` and those of `bench load`. Exit code 1 if a job is lost or made twice.
"""

import argparse
import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from bench import load
from bench.chaos.witness import Witness
from bench.harness import report
from bench.harness.deployment import Deployment
from bench.load import monitor, surge, toll
from bench.load.surge import Surge
from bench.load.users import Habits
from config.settings import ROOT
from ledger.connection import connect
from ledger.scripts import Scripts
from sandbox.stack import Stack

_PY_SPY = str(Path(sys.executable).with_name("py-spy"))
TARGET_PER_S = 100.0
PARTS = {"bot": "bot.__main__", "worker": "tasks.process"}
"""Kind of process -> the module that it imports."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--users", type=int, default=64, help="so many ask without a pause")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--image", type=int, default=1, help="image workers")
    parser.add_argument("--slots", type=int, default=32, help="WORKER_SLOTS of each worker")
    parser.add_argument("--monitor", action="store_true", help="also count who asks Redis for what; slows")
    parser.add_argument("--profile", type=Path, help="write a flame graph of each process to this folder")
    parser.add_argument("--now", action="store_true", help="do not wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")


def plan_of(options: argparse.Namespace) -> Surge:
    """Return the run that the options ask for: images only, as videos take the same path."""
    deployment = Deployment(
        options.image, 0, 0, 1, slots=options.slots, image_s=0.0, video_s=0.0, sigma=0.0, lifted=True
    )
    return Surge(options.users, options.seconds, deployment, Habits(0.0, 0.0, 0.0, 0.0), patience_s=60.0)


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    if not options.now:
        report.wait_until_quiet(1.5, 240)
    circumstances, starts = report.machine(), {name: import_s(module) for name, module in PARTS.items()}
    plan = plan_of(options)
    asked: Counter[str] = Counter()
    figures = toll.figures(surge.run(plan, _Beside(options, asked).watch))
    figures["jobs_per_s"] = figures["results_per_s"]
    figures["start_s"] = starts
    figures["redis_per_job"] = {
        name: round(count / max(1, figures["jobs"]), 3) for name, count in asked.most_common(40)
    }
    figures["misses"] = [f"{figures[key]} {key}" for key in ("lost", "duplicates") if figures[key]]
    figures["machine"] = circumstances | {"load_after": report.machine()["load"]}
    load.show(figures)
    if asked:
        print(report.table(("asked of Redis", "per job"), list(figures["redis_per_job"].items())))
    print(report.table(("process", "seconds to import"), list(starts.items())))
    per_s, cost = figures["jobs_per_s"], figures["cpu_ms_per_job"]
    print(f"{per_s:.1f} jobs/s (target {TARGET_PER_S:g}), {cost} ms CPU per job")
    if options.json:
        report.write_json(options.json, figures)
    if options.plot:
        from bench.harness.bars import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, figures["processes"], {"CPU ms a job": itemgetter("cpu_ms_per_job")})
    if figures["misses"]:
        sys.exit("\n".join(figures["misses"]))


def import_s(module: str) -> float:
    """Return the seconds that a new process takes to import a module: the least of three."""
    took = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, check=True, timeout=60)
        took.append(time.monotonic() - began)
    return round(min(took), 3)


class _Beside:
    """The measurements that run while the users ask."""

    def __init__(self, options: argparse.Namespace, asked: Counter[str]) -> None:
        self._options = options
        self._asked = asked

    @contextlib.contextmanager
    def watch(self, stack: Stack) -> Iterator[None]:
        """Record MONITOR, and profile each process of the product with py-spy, as the options ask for."""
        with contextlib.ExitStack() as open_:
            if self._options.profile:
                open_.enter_context(self._profiled(stack))
            if self._options.monitor:
                open_.enter_context(self._counted(stack))
            yield

    @contextlib.contextmanager
    def _counted(self, stack: Stack) -> Iterator[None]:
        with Witness(stack.settings.redis_url, stack.folder / "monitor") as witness:
            yield
        with contextlib.closing(connect(stack.settings.ledger_redis())) as client:
            names = {script.sha: name for name, script in Scripts(client)._scripts.items()}
        self._asked.update(monitor.commands(witness.path, names))

    @contextlib.contextmanager
    def _profiled(self, stack: Stack) -> Iterator[None]:
        self._options.profile.mkdir(parents=True, exist_ok=True)
        watchers = []
        for name in (name for name in stack.programs if name not in ("redis", *toll.STAND)):
            out, pid = self._options.profile / f"{name}.svg", stack.programs[name].pid
            seconds = str(max(1, round(self._options.seconds) - 2))
            command = [_PY_SPY, "record", "-p", str(pid), "-d", seconds, "-r", "100", "--gil", "-o", str(out)]
            watchers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        try:
            yield
        finally:
            for watcher in watchers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    watcher.wait(30)
                if watcher.poll() is None:
                    watcher.kill()
