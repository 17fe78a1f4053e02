"""`bench memory`: a worker's memory with a large file, and over thousands of jobs.

One worker process serves all lanes, with media in a directory and then in S3 (moto's server). Its resident
set (RSS) is sampled every 5 ms. Keys of the result, for `local` and `s3` each:

`large`: a file that goes from download to store to delivery in that process: `size_mb`, `before_mb` (after
small jobs as a warm-up), `peak_mb`, `after_mb` (a second after the delivery), `grown_mb` (peak over before),
`seconds`;

`small`: many small jobs: `jobs`, `warm_up` (jobs left out of the slope), `after_warm_up_mb`, `end_mb`,
`slope_kb_per_1000_jobs` (least squares) and `series` ([jobs done, RSS in MB], one for each batch).

Beside them the `machine`. MB are 10^6 bytes. Exit code 1 if `grown_mb` is over its target.
"""

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.harness import report
from bench.harness.stage import Stage
from bench.memory.large_file import LargeFile
from jobs.model import Kind
from sandbox.s3 import S3Stand

TARGET_MB = 20.0
MB = 1_000_000
_PATIENCE_S = 300.0
_LINE = "celery -A tasks worker -Q img,vid,vip,deliver -n all@%h --without-gossip --without-mingle"
Figures = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--jobs", type=int, default=5000, help="small jobs (5000)")
    parser.add_argument("--large-mb", type=int, default=200, help="size of the large file (200)")
    parser.add_argument("--batch", type=int, default=100, help="small jobs under way between two looks (100)")
    parser.add_argument("--stores", nargs="+", choices=("local", "s3"), default=("local", "s3"))
    parser.add_argument("--json", type=Path, help="write the figures here")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    figures = run(options.jobs, options.large_mb, options.batch, options.stores)
    rows = [(store, *(figures[store]["large"][key] for key in _LARGE)) for store in options.stores]
    print(report.table(("media", *_LARGE), rows))
    print()
    rows = [(store, *(figures[store]["small"][key] for key in _SMALL)) for store in options.stores]
    print(report.table(("media", *_SMALL), rows))
    if options.json:
        report.write_json(options.json, figures)
    grown = max(figures[store]["large"]["grown_mb"] for store in options.stores)
    if grown > TARGET_MB:
        sys.exit(f"a large file costs {grown:.1f} MB, over the {TARGET_MB:g} that it may")


_LARGE = ("size_mb", "before_mb", "peak_mb", "after_mb", "grown_mb", "seconds")
_SMALL = ("jobs", "warm_up", "after_warm_up_mb", "end_mb", "slope_kb_per_1000_jobs")


def run(jobs: int, large_mb: int, batch: int, stores: tuple[str, ...] = ("local", "s3")) -> Figures:
    """Measure with each media store and return the figures.

    Raises:
        TimeoutError: A job does not end in time.
        LookupError: The ledger has lost a job.
        ValueError: A job fails.
    """
    figures: Figures = {}
    circumstances = report.machine()
    for store in stores:
        if store == "local":
            figures[store] = measured({}, jobs, large_mb, batch)
            continue
        with S3Stand() as s3:
            places = {name.upper(): str(value) for name, value in s3.settings("bench").items()}
            figures[store] = measured(places, jobs, large_mb, batch)
    return figures | {"machine": circumstances | {"load_after": report.machine()["load"]}}


def measured(places: Mapping[str, str], jobs: int, large_mb: int, batch: int) -> Figures:
    """Measure both parts on one stack, with media in the given store."""
    limit = str(large_mb * MB + MB)
    settings = {
        "MEDIA_MAX_BYTES": limit,
        "TELEGRAM_UPLOAD_MAX_BYTES": limit,
        **places,
    }
    telegram = ["--upload-mb", str(large_mb + 2)]
    with Stage(32, 0.2, 0.2, settings, workers=(), telegram=telegram) as stage:
        worker = psutil.Process(stage.start("worker", _LINE).pid)
        users = stage.new_users(20)
        small(stage, worker, users, batch, batch)
        large = one_large(stage, worker, users[0], large_mb * MB)
        return {"large": large, "small": small(stage, worker, users, jobs, batch)}


def one_large(stage: Stage, worker: psutil.Process, user: int, size: int) -> Figures:
    """Measure one video of that size."""
    prompt = "a very long film"
    before = rss(worker)
    with LargeFile(size) as file, watched(worker) as peak:
        stage.outputs_from(file.url, prompt)
        began = time.monotonic()
        (job,) = stage.ended([sent(stage, user, Kind.VIDEO, prompt)], _PATIENCE_S)
        seconds = time.monotonic() - began
    if job.artifact is None or job.artifact.size != size or not job.file_id:
        raise ValueError(f"the large file was not delivered as it is: {job.artifact}")
    time.sleep(1)
    return {
        "size_mb": size / MB,
        "before_mb": before,
        "peak_mb": peak[0],
        "after_mb": rss(worker),
        "grown_mb": peak[0] - before,
        "seconds": seconds,
    }


def small(stage: Stage, worker: psutil.Process, users: list[int], jobs: int, batch: int) -> Figures:
    """Measure small pictures, with one sample of the memory after each batch.

    The first fifth is the warm-up.
    """
    series: list[tuple[int, float]] = []
    for done in range(0, jobs, batch):
        count = min(batch, jobs - done)
        ids = [sent(stage, users[number % len(users)], Kind.IMAGE) for number in range(count)]
        stage.ended(ids, _PATIENCE_S)
        series.append((done + count, rss(worker)))
    warm = [point for point in series if point[0] > jobs / 5] or series
    counts, sizes = [count for count, _ in warm], [size for _, size in warm]
    slope = float(np.polyfit(counts, sizes, 1)[0]) if len(warm) > 1 else 0.0
    return {
        "jobs": jobs,
        "warm_up": jobs // 5,
        "after_warm_up_mb": warm[0][1],
        "end_mb": warm[-1][1],
        "slope_kb_per_1000_jobs": slope * 1e6,
        "series": series,
    }


def sent(stage: Stage, user: int, kind: Kind, prompt: str = "") -> str:
    """Send a job and return its id."""
    job_id = stage.send(user, kind, prompt)
    if job_id is None:
        raise RuntimeError("a job was turned away though nothing is limited")
    return job_id


def rss(worker: psutil.Process) -> float:
    """Return the resident memory in MB."""
    return float(worker.memory_info().rss) / MB


@contextmanager
def watched(worker: psutil.Process) -> Iterator[list[float]]:
    """Sample the resident memory; the list holds one number, the maximum so far."""
    peak = [rss(worker)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            peak[0] = max(peak[0], rss(worker))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join(5)
