"""`bench scrape`: what one scrape of the exporter costs, with many jobs in the ledger.

Keys of the result: `jobs`, `series`, `bytes` of a scrape, and milliseconds {p50, p99, max} of `http_ms` (what
Prometheus sees), `exporter_ms` (the exporter's own figure) and `redis_ms` (the time that Redis was busy with
all commands of a scrape, from its slow log).
"""

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import redis

from bench.harness import report
from config.settings import ROOT, Settings
from jobs.model import Artifact, Kind, Origin, Request
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.resource_usage import measure
from ledger.processes.workers import Sign, Workers
from sandbox.admission import BlockingAdmission
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program

TARGET_MS = 100.0
WORKERS = 20
_LIMIT = 1_000_000
_STAGES = 8
"""Every so many jobs one has come one stage further than the one before."""
_OWN = re.compile(r"^exporter_scrape_duration_seconds (\S+)$", re.MULTILINE)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs in the ledger")
    parser.add_argument("--scrapes", type=int, default=100)


def main(options: argparse.Namespace) -> None:
    """Run, print, write."""
    report.wait_until_quiet(1.5, 120)
    figures = run(options.jobs, options.scrapes)
    names = ("http_ms", "exporter_ms", "redis_ms")
    rows = [(name, *(figures[name][part] for part in ("p50", "p99", "max"))) for name in names]
    print(report.table(("a scrape", "p50", "p99", "max"), rows))
    print()
    print(report.table(("", ""), [(name, figures[name]) for name in ("jobs", "series", "bytes", "machine")]))
    if options.json:
        report.write_json(options.json, figures)


def run(jobs: int, scrapes: int) -> dict[str, Any]:
    """Fill a ledger, and scrape it."""
    circumstances = report.machine()
    with _server() as url, connect(url) as client:
        fill(client, Settings(redis_url=url, lease_s=3600, active_jobs=_LIMIT, lane_backlog=_LIMIT), jobs)
        taken, own, busy, text = _scrape(url, client, scrapes)
    return {
        "jobs": jobs,
        "series": sum(not line.startswith("#") for line in text.splitlines()),
        "bytes": len(text),
        "http_ms": _spread(taken),
        "exporter_ms": _spread(own),
        "redis_ms": _spread(busy),
        "target_ms": TARGET_MS,
        "machine": circumstances,
    }


def fill(client: "redis.Redis", settings: Settings, jobs: int) -> None:
    """Jobs of many users in all states, and workers that have seen something."""
    ledger, kinds = Ledger(client, settings), cycle(Kind)
    with BlockingAdmission(settings) as door:
        for number in range(jobs):
            user, kind = number % 2000 + 1, next(kinds)
            request = Request(kind, f"model-{number % 5}", f"fox {number}", seed=7)
            door.admit(f"job-{number}", request, Origin(user, user, 1), fresh=True, price_usd=0.01)
            advance(ledger, f"job-{number}", number % _STAGES)
    for number in range(WORKERS):
        tally = MetricsBuffer()
        for model in range(5):
            tally.count(f"provider:replicate:get:ok:model-{model}")
            tally.observe(f"provider:replicate:get:model-{model}", 0.2)
        sign = Sign(f"host-{number}:1:a", "image", ["img", "vip"], 32, {"img": 7}, measure())
        Workers(client).announce(sign, 3600, tally)


def advance(ledger: Ledger, job_id: str, stages: int) -> None:
    """Take a job so many stages further: 0 leaves it waiting, 7 delivers it."""
    if stages > 0:
        ledger.published(job_id)
    job = ledger.claim(job_id, "host-1:1:a", Stage.GENERATE) if stages > 1 else None
    if job is None:
        return
    if stages > 2:
        job = ledger.submitting(job)
    if stages > 3:
        job = ledger.running(job, f"p-{job_id}")
    if stages > 4:
        job = ledger.storing(job, time.time())
    if stages > 5:
        ledger.stored(job, Artifact("2026-11/x.png", "image/png", 1))
    if stages > 6 and (given := ledger.claim(job_id, "host-2:1:a", Stage.DELIVER)):
        ledger.delivered(given, "FILE")


def _scrape(
    url: str, client: "redis.Redis", scrapes: int
) -> tuple[list[float], list[float], list[float], str]:
    port = free_port()
    environment = {"REDIS_URL": url, "EXPORTER_PORT": str(port)}
    taken, own, busy, text = [], [], [], ""
    program = Program(
        [sys.executable, "-m", "monitoring.exporter"], ready="exporting", env=environment, cwd=ROOT
    )
    with program, httpx.Client(trust_env=False, timeout=30) as http:
        http.get(f"http://127.0.0.1:{port}/metrics")
        for _ in range(scrapes):
            client.slowlog_reset()
            began = time.perf_counter()
            text = http.get(f"http://127.0.0.1:{port}/metrics").text
            taken.append((time.perf_counter() - began) * 1000)
            found = _OWN.search(text)
            own.append(float(found[1]) * 1000 if found else 0.0)
            entries: Any = client.slowlog_get(1000)
            busy.append(sum(entry["duration"] for entry in entries) / 1000)
    return taken, own, busy, text


@contextmanager
def _server() -> Iterator[str]:
    with TemporaryDirectory(prefix="darkroom-") as folder:
        options = ("--slowlog-log-slower-than", "0", "--slowlog-max-len", "1000")
        with EmbeddedRedis(free_port(), Path(folder), keep=True, options=options) as server:
            yield server.url


def _spread(milliseconds: list[float]) -> dict[str, float]:
    return {
        "p50": report.percentile(milliseconds, 50),
        "p99": report.percentile(milliseconds, 99),
        "max": max(milliseconds, default=0.0),
    }
