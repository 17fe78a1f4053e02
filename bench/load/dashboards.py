"""`bench dashboards`: images of every dashboard, from a load run under a real Prometheus.

Users ask for pictures and videos, ask too often, ask for what others ask for, cancel and delete. Meanwhile
the provider and Telegram throttle, fail and drop replies, and a worker is killed in the middle of the run.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from bench.harness import report
from bench.load.observed import Observed
from monitoring import timeline
from monitoring.dashboards.__main__ import texts
from monitoring.job import table
from monitoring.pictures import draw, series_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--per-s", type=float, default=2.0, help="requests a second")
    parser.add_argument("--trouble-s", type=float, default=5.0, help="seconds between two troubles")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("docs/monitoring"))


def main(options: argparse.Namespace) -> None:
    """Run, draw, and name the panels without data; exit code 1 if there are any."""
    report.wait_until_quiet(2.0, 60)
    circumstances = report.machine()
    with Observed() as run:
        run.load(options.seconds, options.per_s, options.trouble_s)
        empty = empty_panels(run)
        end = time.time()
        for name, text in texts().items():
            picture = options.out / f"{name.removeprefix('darkroom-').removesuffix('.json')}.png"
            draw(json.loads(text), run.prometheus, run.began, end, picture)
            print(picture)
        print_life(run, options.out / "job.png")
    print(f"{circumstances}, load after {report.machine()['load']}")
    for panel in empty:
        print(f"EMPTY: {panel}")
    if empty:
        sys.exit(1)


def print_life(run: Observed, picture: Path) -> None:
    """Draw and print the timeline of a job whose worker was killed, or of another job if there is none."""
    lives = run.lives()
    if lives:
        life = max(lives, key=lambda each: (each.job.crashes, len(each.workers), each.job.id))
        timeline.draw(life, picture)
        print(f"{picture}\n{table(life)}")


def empty_panels(run: Observed) -> list[str]:
    """Return dashboard, panel and text of every query without a value since the run began."""
    end = time.time()
    return [
        f"{board['title']} / {panel['title']}: {target['expr']}"
        for board in map(json.loads, texts().values())
        for panel in board["panels"]
        for target in panel["targets"]
        if not series_of(target, run.prometheus, run.began, end)
    ]
