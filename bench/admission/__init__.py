"""`bench admission`: what one admission costs, at an offered load and at the highest rate.

Keys of the result: `appendfsync`, `offered_per_s`, `done_per_s`, `client_ms` and `redis_ms` {p50, p99, max}
at the offered load, `redis_target_ms`, `max_per_s` (clients that wait for each answer), `redis_max_per_s`
(what Redis alone could do: one over its mean time), and `answers`, by kind.
"""

import argparse
import asyncio
import multiprocessing
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis
import uvloop

from bench.harness import report
from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Kind, Origin, Request, Tier
from ledger.connection import connect
from sandbox.admission import opened
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port

TARGET_MS = 1.0
PROCESSES = 2
CLIENTS = 32
"""Clients in each process, which share its event loop and its pipeline, as the updates of a bot do; each has
its own place in the timetable."""
_LIMIT = 1_000_000
_LOGGED_FROM_US = 15
"""The slow log also counts the commands inside a script; they are quicker than this, and a script is not."""
Sample = tuple[list[float], Counter[str]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")
    parser.add_argument("--rate", type=int, default=2000, help="offered admissions a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each of the two parts")
    parser.add_argument(
        "--appendfsync", choices=("always", "everysec"), default="always", help="how Redis keeps its file"
    )


def main(options: argparse.Namespace) -> None:
    """Run, print, write."""
    report.wait_until_quiet(1.5, 300)
    figures, samples = run(options.rate, options.seconds, options.appendfsync)
    rows = [
        (name, *(figures[f"{name}_ms"][part] for part in ("p50", "p99", "max")))
        for name in ("client", "redis")
    ]
    print(report.table(("ms at the offered load", "p50", "p99", "max"), rows))
    print()
    rates = ("offered_per_s", "done_per_s", "max_per_s", "redis_max_per_s")
    print(report.table(("admissions a second", ""), [(name, round(figures[name])) for name in rates]))
    if options.json:
        report.write_json(options.json, figures)
    if options.plot:
        from bench.admission.plot import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, *samples, TARGET_MS)


def run(
    rate: int, seconds: float, appendfsync: str = "always"
) -> tuple[dict[str, Any], tuple[list[float], list[float]]]:
    """Both parts; also the times (ms) of each call at the offered load, of the client and of Redis."""
    circumstances = report.machine()
    spawn = multiprocessing.get_context("spawn")
    with _server(appendfsync) as url, connect(url) as client, spawn.Pool(PROCESSES) as pool:
        _load(pool, url, 1.0, rate)  # the processes import what they need
        client.slowlog_reset()
        client.config_resetstat()
        offered, answers = _load(pool, url, seconds, rate)
        inside = _scripts_ms(client)
        calls, microseconds = _totals(client)
        fastest, _ = _load(pool, url, seconds, None)
    return {
        "appendfsync": appendfsync,
        "offered_per_s": rate,
        "done_per_s": len(offered) / seconds,
        "client_ms": _spread(offered),
        "redis_ms": _spread(inside),
        "redis_target_ms": TARGET_MS,
        "max_per_s": len(fastest) / seconds,
        "redis_max_per_s": calls / microseconds * 1_000_000,
        "answers": dict(answers),
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }, (offered, inside)


@contextmanager
def _server(appendfsync: str) -> Iterator[str]:
    """A Redis as production has it, that logs every script."""
    with TemporaryDirectory(prefix="darkroom-") as folder:
        logged = ("--slowlog-log-slower-than", str(_LOGGED_FROM_US), "--slowlog-max-len", str(_LIMIT))
        options = (*logged, "--appendfsync", appendfsync)
        with EmbeddedRedis(
            free_port(), Path(folder), keep=True, commands=("CONFIG",), options=options
        ) as server:
            yield server.url


def _load(pool: Pool, url: str, seconds: float, rate: int | None) -> Sample:
    """Admissions from all clients: milliseconds of each, and the answers. Without a rate, in turn."""
    start = time.time() + 0.5
    parts = pool.starmap(
        clients, [(url, start, seconds, rate, process) for process in range(PROCESSES)], chunksize=1
    )
    taken = [each for times, _ in parts for each in times]
    answers: Counter[str] = Counter()
    for _, counted in parts:
        answers += counted
    return taken, answers


def clients(url: str, start: float, seconds: float, rate: int | None, process: int) -> Sample:
    """The clients of one process; a call begins at its time in the timetable, or as soon as it can."""
    return uvloop.run(_clients(url, start, seconds, rate, process))


async def _clients(url: str, start: float, seconds: float, rate: int | None, process: int) -> Sample:
    settings = Settings(redis_url=url, active_jobs=_LIMIT, vip_active_jobs=_LIMIT, lane_backlog=_LIMIT)
    taken: list[float] = []
    answers: Counter[str] = Counter()
    async with opened(settings, {tier: Rate(_LIMIT, _LIMIT) for tier in Tier}) as admission:

        async def work(client: int) -> None:
            place = process * CLIENTS + client
            moment = start if rate is None else start + place / rate
            step = 0.0 if rate is None else PROCESSES * CLIENTS / rate
            count = 0
            while (now := time.time()) < start + seconds:
                if now < moment:
                    await asyncio.sleep(moment - now)
                    continue
                origin = Origin(1000 * place + count % 1000, 1, 1)
                request = Request(Kind.IMAGE, "sketch", f"fox {place} {count}", {"ar": "1:1"}, seed=7)
                began = time.perf_counter()
                answer = await admission.admit(uuid.uuid4().hex[:20], request, origin, price_usd=0.01)
                taken.append((time.perf_counter() - began) * 1000)
                answers[type(answer).__name__] += 1
                moment += step
                count += 1

        await asyncio.gather(*(work(number) for number in range(CLIENTS)))
    return taken, answers


def _scripts_ms(client: "redis.Redis") -> list[float]:
    """Redis's own time of each script so far, from its slow log."""
    found: Any = client.slowlog_get(_LIMIT)
    return [entry["duration"] / 1000 for entry in found if entry["command"].startswith(b"EVALSHA")]


def _totals(client: "redis.Redis") -> tuple[int, int]:
    """Scripts so far, and the microseconds that they took."""
    stats: Any = client.info("commandstats")
    return stats["cmdstat_evalsha"]["calls"], stats["cmdstat_evalsha"]["usec"]


def _spread(milliseconds: list[float]) -> dict[str, float]:
    return {
        "p50": report.percentile(milliseconds, 50),
        "p99": report.percentile(milliseconds, 99),
        "max": max(milliseconds, default=0.0),
    }
