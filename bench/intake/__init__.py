"""`bench intake`: how fast updates are taken in by webhook, and how soon each is acknowledged.

Client processes ("postmen", postman.py) post to real bots (`python -m bot`, BOT_MODE=webhook) beside a real
Redis and the Telegram stand. In the same run they post to a no-op application, which shows the best that the
machine, the HTTP server and the clients can do.

Keys of the result: `noop` and `bot`, each {`offered`: at the offered rate, `most`: each connection as fast as
its posts are acknowledged}, each {`done_per_s`, `ack_ms` {p50, p99, max}, `statuses`, `decided_s` (after the
last post, until the last update was decided), `cpu_ms`: what bots and Redis, or the no-op, used for one
update}; `p99_over_noop_ms`, `most_ratio` (bot over no-op); `ledger`: jobs that the ledger knows, `lost`
(acknowledged updates of which it knows nothing) and `doubled`; `commands` to Redis for one update;
`bot_memory_mib`.

The time of an acknowledgement counts from the moment at which the update was due, so that waiting for a
connection counts.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import psutil

from bench.harness import report
from bench.intake.commands import commands_of
from bench.intake.postman import FIRST_USER, PEOPLE, Posted, Round, post, user_of
from config.settings import ROOT
from jobs import ids
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import UPDATES
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.stack import Stack

SECRET = "bench-intake" * 2  # of a bot that lives as long as the run
TARGET_P99_MS = 20.0
TARGET_PER_S = 3000.0
DECIDED_WITHIN_S = 120.0
_FAR = 1 << 30


@dataclass(frozen=True, slots=True)
class Load:
    """What is posted, by how many clients and to how many replicas; see `bench.intake.postman.Round`."""

    rate: float = 500.0
    seconds: float = 10.0
    connections: int = 100
    postmen: int = 1
    replicas: int = 2
    talk: int = 20
    repeats: int = 10
    accept: bool = False


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    plan = Load()
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--rate", type=float, default=plan.rate, help="offered updates a second")
    parser.add_argument(
        "--seconds", type=float, default=plan.seconds, help="length of each of the four parts"
    )
    parser.add_argument(
        "--connections", type=int, default=plan.connections, help="Telegram's connections in all"
    )
    parser.add_argument("--postmen", type=int, default=plan.postmen, help="processes that post")
    parser.add_argument("--replicas", type=int, default=plan.replicas, help="bots")
    parser.add_argument("--talk", type=int, default=plan.talk, help="percent that ask for nothing")
    parser.add_argument("--repeats", type=int, default=plan.repeats, help="percent that come again")
    parser.add_argument(
        "--accept", action="store_true", help="no limit turns a request away: every one becomes a job"
    )


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    report.wait_until_quiet(2.0, 60)
    figures = run(Load(**{name: getattr(options, name) for name in asdict(Load())}))
    rows = [
        (
            f"{who}, {part}",
            found["done_per_s"],
            *found["ack_ms"].values(),
            found["cpu_ms"],
            found["decided_s"],
            str(found["statuses"]),
        )
        for who in ("noop", "bot")
        for part, found in figures[who].items()
    ]
    print(
        report.table(("", "updates/s", "ack p50 ms", "p99", "max", "cpu ms", "decided s", "statuses"), rows)
    )
    for name in ("p99_over_noop_ms", "most_ratio", "ledger", "commands", "bot_memory_mib", "machine"):
        print(f"{name}: {figures[name]}")
    if options.json:
        report.write_json(options.json, figures)


def run(load: Load) -> dict[str, Any]:
    """Run all four parts and return the figures."""
    circumstances = report.machine()
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(load.postmen) as pool:
        with _noop() as program:
            noop, _ = _both(pool, [f"{program.url}/telegram"], load, [program], lambda: 0.0)
        with _bots(load) as (stack, urls, bots):
            trips = commands_of(stack.settings, urls[0], SECRET)
            serving = [*bots, stack.programs["redis"]]
            bot, sent = _both(pool, urls, load, serving, lambda: _decided(stack))
            memory = [psutil.Process(each.pid).memory_info().rss / 2**20 for each in bots]
            ledger = _in_ledger(stack, sent)
    return {
        "noop": noop,
        "bot": bot,
        "p99_over_noop_ms": bot["offered"]["ack_ms"]["p99"] - noop["offered"]["ack_ms"]["p99"],
        "most_ratio": bot["most"]["done_per_s"] / noop["most"]["done_per_s"],
        "targets": {"ack_p99_ms": TARGET_P99_MS, "most_per_s": TARGET_PER_S},
        "ledger": ledger,
        "commands": trips,
        "bot_memory_mib": [round(each, 1) for each in memory],
        "load": asdict(load),
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }


@contextmanager
def _noop() -> Iterator[Program]:
    argv = [sys.executable, "-m", "bench.intake.noop"]
    with Program(argv, ready=r"noop on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program


@contextmanager
def _bots(load: Load) -> Iterator[tuple[Stack, list[str], list[Program]]]:
    """Run the replicas with production limits; with `accept`, admission has none."""
    free = {"LANE_BACKLOG": str(_FAR), "USER_RATE_LIMIT": f"{_FAR}/s", "ACTIVE_JOBS": str(_FAR)}
    ports = [free_port() for _ in range(load.replicas)]
    settings = {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{ports[0]}",
        "WEBHOOK_SECRET": SECRET,
        "LOG_FORMAT": "json",
        # Each update must be decided, even those of a user who writes too much.
        "REFUSED_RATE_LIMIT": "",
        **(free if load.accept else {}),
    }
    with ExitStack() as opened:
        stack = opened.enter_context(Stack((), settings, redis_commands=("MONITOR",)))
        with ThreadPoolExecutor(8) as meeting:
            list(meeting.map(lambda n: stack.telegram.new_user(user_id=FIRST_USER + n), range(PEOPLE)))
        argv, bots = [sys.executable, "-m", "bot"], []
        for port in ports:
            env = stack.environment | {"WEBHOOK_BIND": f"127.0.0.1:{port}"}
            bot = Program(argv, ready='"event": "receiving"', env=env, cwd=ROOT, timeout=60)
            bots.append(opened.enter_context(bot))
        yield stack, [f"http://127.0.0.1:{port}/telegram" for port in ports], bots


def _both(
    pool: Pool, urls: Sequence[str], load: Load, serving: Sequence[Program], settle: Callable[[], float]
) -> tuple[dict[str, Any], list[Posted]]:
    """Measure at the offered rate, then as fast as possible."""
    sent = _posted(pool, urls, replace(load, seconds=1.0), load.rate, 1)
    settle()
    figures = {}
    for part, (name, rate) in enumerate((("offered", load.rate), ("most", 0.0)), 2):
        before = [_cpu_s(each) for each in serving]
        posted = _posted(pool, urls, load, rate, part)
        decided_s = settle()
        used = [_cpu_s(each) - had for each, had in zip(serving, before, strict=True)]
        figures[name] = _figures(posted, load.seconds, sum(used)) | {"decided_s": decided_s}
        sent += posted
    return figures, sent


def _decided(stack: Stack) -> float:
    """Wait until the durable queue of updates is empty; return the time (s), at most DECIDED_WITHIN_S."""
    began = time.monotonic()
    with connect(stack.settings.ledger_redis()) as client:
        while client.zcard(keys.spool(UPDATES)) and time.monotonic() - began < DECIDED_WITHIN_S:
            time.sleep(0.05)
    return time.monotonic() - began


def _cpu_s(program: Program) -> float:
    times = psutil.Process(program.pid).cpu_times()
    return float(times.user + times.system)


def _posted(pool: Pool, urls: Sequence[str], load: Load, rate: float, part: int) -> list[Posted]:
    start = time.time() + 0.5
    rounds = [
        Round(
            urls,
            SECRET,
            start,
            load.seconds,
            rate / load.postmen,
            load.connections // load.postmen,
            part * 10_000_000 + number,
            load.postmen,
            load.talk,
            load.repeats,
        )
        for number in range(load.postmen)
    ]
    return pool.map(post, rounds, chunksize=1)


def _figures(parts: Sequence[Posted], seconds: float, cpu_s: float) -> dict[str, Any]:
    acks = [ms for part in parts for ms, status in part.acks if status == 200]
    statuses = Counter(status for part in parts for _, status in part.acks)
    troubles: Counter[str] = sum((part.troubles for part in parts), Counter())
    return {
        "done_per_s": len(acks) / seconds,
        "cpu_ms": 1000 * cpu_s / max(1, len(acks)),
        "ack_ms": {
            "p50": report.percentile(acks, 50),
            "p99": report.percentile(acks, 99),
            "max": max(acks, default=0.0),
        },
        "statuses": {str(status): times for status, times in statuses.items()},
        "troubles": dict(troubles),
    }


def _in_ledger(stack: Stack, sent: Sequence[Posted]) -> dict[str, Any]:
    """Return what the ledger knows of the acknowledged updates."""
    asked = {number for part in sent for number in part.asked}
    wanted = {ids.from_message(stack.bot_id, user_of(number), number) for number in asked}
    with connect(stack.settings.ledger_redis()) as client:
        counts: Any = client.hgetall(keys.counts())
        jobs = {key.removeprefix(keys.job("")) for key in client.scan_iter(keys.job("*"), count=10_000)}
    answers = {
        name.removeprefix("admissions:"): int(n)
        for name, n in counts.items()
        if name.startswith("admissions:")
    }
    admitted = answers.get("accepted", 0) + answers.get("cached", 0)
    posts = sum(status == 200 for part in sent for _, status in part.acks)
    return {
        "answered_200": posts,
        "asked": len(asked),
        "jobs": len(wanted & jobs),
        "admissions": answers,
        # Without limits each is a job; with them each was decided.
        "lost": len(wanted - jobs)
        if stack.settings.lane_backlog == _FAR
        else max(0, len(asked) - sum(answers.values())),
        "doubled": admitted - len(jobs),
    }
