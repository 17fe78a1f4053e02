"""`bench chaos`: everything dies, and nothing is lost, paid twice or delivered twice.

Keys of the result: `jobs, kills, delivered, failed, cancelled, lost, double_paid, duplicate_messages,
wrong_recipient, unaccounted, recovery_s {p50, p99}` and the circumstances. Exit code 1 when an invariant
breaks, with the job's history. What each of them means: docs/benchmarks.md.
"""

import argparse
import contextlib
import shutil
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import redis

from bench import histories, nemesis, peer_relier, report
from bench.checker import Breach, Checker, Verdict
from bench.crowd import Crowd
from bench.histories import Books, job_under
from bench.nemesis import Nemesis
from bench.replay import Kill, Recovery
from bench.stage import UNLIMITED
from bench.witness import Witness
from jobs.connection import connect
from jobs.states import ENDED
from sandbox.stack import Stack

_WORKER = "celery -A tasks worker -Q {lanes} -n {name}@%h --without-gossip --without-mingle"
LINES = {
    "bot": "python -m bot",
    **{name: _WORKER.format(lanes="img", name=name) for name in nemesis.MAKERS},
    "deliver": _WORKER.format(lanes="deliver", name="deliver"),
}
_STORIES = 5
"""Jobs whose whole history is printed when an invariant breaks."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run: `per_s` requests come in a second. Heartbeat and sweep are the product's defaults,
    the lease is a little shorter than its own."""

    jobs: int = 500
    kills: int = 5
    seed: int = 1
    per_s: float = 9.0
    lease_s: float = 5.0
    heartbeat_s: float = 1.5
    sweep_s: float = 1.0
    image_s: float = 2.0
    sigma: float = 0.9
    appendfsync: str = "everysec"
    redis_kills: int | None = None
    patience_s: float = 90.0
    keep: Path | None = None

    @property
    def seconds(self) -> float:
        """How long requests come in."""
        return self.jobs / self.per_s

    @property
    def settings(self) -> dict[str, str]:
        """The product's settings: no limits of users, lanes and chats, or they would be what is measured."""
        return UNLIMITED | {
            "LEASE_S": f"{self.lease_s:g}",
            "HEARTBEAT_S": f"{self.heartbeat_s:g}",
            "SWEEP_S": f"{self.sweep_s:g}",
            "UNKNOWN_GRACE_S": "8",
            "POLL_FIRST_S": "0.5",
            "POLL_MAX_S": "1",
            "ACTIVE_JOBS": "100000",
            "LANE_BACKLOG": "100000",
            "USER_RATE_LIMIT": "1000/s",
            "LOG_FORMAT": "json",
        }


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--jobs", type=int, default=500, help="requests that are taken")
    parser.add_argument("--kills", type=int, default=5, help="SIGKILLs of workers that generate")
    parser.add_argument("--seed", type=int, default=1, help="draws who asks when, and all that goes wrong")
    parser.add_argument(
        "--redis-kills", type=int, help="SIGKILLs of Redis (default: one for five of workers)"
    )
    parser.add_argument(
        "--appendfsync", choices=("everysec", "always"), default="everysec", help="how Redis keeps its file"
    )
    parser.add_argument("--lease", type=float, default=5.0, help="LEASE_S of the run (seconds)")
    parser.add_argument("--keep", type=Path, help="when an invariant breaks, keep all logs in this folder")
    parser.add_argument("--peer", choices=("relier",), help="run this one too, with the same kills")
    parser.add_argument("--json", type=Path, help="write the figures here")


def plan_of(options: argparse.Namespace) -> Plan:
    """The run that the options ask for."""
    return Plan(
        jobs=options.jobs,
        kills=options.kills,
        seed=options.seed,
        appendfsync=options.appendfsync,
        redis_kills=options.redis_kills,
        lease_s=options.lease,
        keep=options.keep,
    )


def main(options: argparse.Namespace) -> None:
    """Run, print, write."""
    plan = plan_of(options)
    figures, breaches = run(plan)
    if options.peer:
        figures["peer"] = {options.peer: peer_relier.run(plan.jobs, plan.kills, plan.seed)}
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
    if breaches:
        sys.exit(1)


def run(plan: Plan) -> tuple[dict[str, Any], list[Breach]]:
    """One run, from an empty stack to its verdict; prints the breaches with their jobs' histories."""
    circumstances, began = report.machine(), time.monotonic()
    random = Random(plan.seed)
    with ExitStack() as open_:
        stack = open_.enter_context(Stack((), plan.settings, _provider_options(plan)))
        if plan.appendfsync != "everysec":
            _sync_always(stack)
        stack.telegram.limits(enabled=False)
        for name, line in LINES.items():
            stack.add(name, line)
        port = urlsplit(stack.settings.redis_url).port or 0
        witness = open_.enter_context(Witness(port, stack.folder / "monitor"))
        with ThreadPoolExecutor(len(LINES)) as starting:
            list(starting.map(lambda name: stack.programs[name].start(), LINES))
        client = open_.enter_context(contextlib.closing(connect(stack.settings.redis_url)))
        crowd = Crowd(stack, max(5, plan.jobs // 20), random)
        others = round(plan.kills / 5)
        redis_kills = others if plan.redis_kills is None else plan.redis_kills
        events = nemesis.draw(random, plan.seconds, plan.kills, others, redis_kills, plan.lease_s)
        foe = Nemesis(stack, events, Random(plan.seed), partial(histories.held, client))
        with _accountant(stack.settings.redis_url) as seen:
            foe.start()
            crowd.ask(plan.jobs, plan.seconds)
            foe.finish(plan.seconds + plan.patience_s)
            _settle(stack, client, crowd, plan)
        witness.close()
        books = histories.books(client, witness, foe.kills)
        chats = histories.chats(stack, crowd.users)
        checker = Checker(stack, crowd.asked, chats, histories.provider(stack), books)
        verdict = checker.judge(seen)
        _check_left_over(verdict, foe)
        _print(verdict.breaches, checker)
        if verdict.breaches and plan.keep:
            _keep(stack, witness, plan.keep)
    figures = _figures(verdict, foe, books) | {
        "away": [(name, round(a - foe.began, 1), round(b - foe.began, 1)) for name, a, b in foe.spans],
        "crowd_late_s": round(crowd.late_s, 2),
        "seconds": round(time.monotonic() - began, 1),
        "plan": {name: value for name, value in asdict(plan).items() if name != "keep"},
        "nemesis": dict(sorted(foe.done.items())),
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }
    return figures, verdict.breaches


def _provider_options(plan: Plan) -> list[str]:
    return (
        f"--fast-media --latency image={plan.image_s},video={plan.image_s} --sigma {plan.sigma} "
        f"--seed {plan.seed} --creates-per-min 1000000 --others-per-min 1000000"
    ).split()


def _sync_always(stack: Stack) -> None:
    server = stack.programs["redis"]
    server.terminate()
    server.argv = ["always" if word == "everysec" else word for word in server.argv]
    server.start()


@contextmanager
def _accountant(url: str) -> Iterator[list[int]]:
    """Look at `jobs_unaccounted` all the time; the list gets whatever is not 0. Redis may come and go."""
    wrong: list[int] = []
    stop = threading.Event()

    def look() -> None:
        with contextlib.closing(connect(url)) as client:
            while not stop.wait(0.1):
                with contextlib.suppress(redis.RedisError):
                    wrong.extend(value for value in [histories.unaccounted(client)] if value)

    thread = threading.Thread(target=look, name="accountant", daemon=True)
    thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        thread.join(15)


def _settle(stack: Stack, client: "redis.Redis", crowd: Crowd, plan: Plan) -> None:
    """Wait until nothing is under way; ask anew for what was turned away; give up after the patience."""
    deadline = time.monotonic() + plan.patience_s
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if stack.telegram.state()["updates_pending"]:
            continue
        records = histories.records(client)
        if any(record["state"] not in ENDED or "at:told" not in record for record in records.values()):
            continue
        missing = plan.jobs - len(records)
        refused = _refused(stack, crowd)
        if missing <= 0 or refused < len(crowd.asked) - len(records):
            # Nothing is turned away any more: what is missing now is lost, or comes yet.
            if missing <= 0:
                return
            continue
        crowd.ask(missing, 1.0)


def _refused(stack: Stack, crowd: Crowd) -> int:
    chats = histories.chats(stack, crowd.users)
    answers = [chats.get((asked.chat, asked.message)) for asked in crowd.asked]
    return sum(1 for each in answers if each and each.words and not (each.results or each.ends))


def _check_left_over(verdict: Verdict, foe: Nemesis) -> None:
    """A status message may be left over only where the bot was cut off between posting and noting it: by its
    own end, by that of Redis, or because Telegram's answer was dropped."""
    cuts = [(began - 3, ended + 3) for name, began, ended in foe.spans if name in ("bot", "redis")]
    unexplained = [
        message
        for message in verdict.left_over
        if not any(began <= message["at"] <= ended for began, ended in cuts)
    ]
    if len(unexplained) > foe.dropped_posts:
        verdict.breaches += [
            Breach("I1", "a status message was left over", job_under(each)) for each in unexplained
        ]


def _keep(stack: Stack, witness: Witness, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, program in stack.programs.items():
        (folder / f"{name}.log").write_text(program.log_text, encoding="utf-8")
    shutil.copy(witness.path, folder / "monitor.log")
    print(f"the logs of all processes, and Redis's MONITOR stream, are in {folder}")


def _spread(recovery: list[Recovery]) -> dict[str, float]:
    seconds = [each.seconds for each in recovery]
    return {
        "p50": round(report.percentile(seconds, 50), 2),
        "p99": round(report.percentile(seconds, 99), 2),
        "max": round(max(seconds, default=0.0), 2),
        "count": len(seconds),
    }


def _by_kill(foe: Nemesis, books: Books) -> list[dict[str, Any]]:
    """Each SIGKILL with the jobs that the process held and how long they were held up."""
    waits: dict[Kill, list[float]] = defaultdict(list)
    for each in books.replay.recovery:
        waits[each.kill].append(round(each.seconds, 2))
    return [
        {
            "name": kill.name,
            "at_s": round(kill.at - foe.began, 1),
            "jobs": len(waits[kill]),
            "max_s": max(waits[kill], default=0.0),
        }
        for kill in sorted(foe.kills, key=lambda kill: kill.at)
    ]


def _print(breaches: list[Breach], checker: Checker) -> None:
    for breach in breaches[:50]:
        print(f"BREACH of {breach.invariant}: {breach.what} {breach.job}")
    for job_id in list(dict.fromkeys(breach.job for breach in breaches if breach.job))[:_STORIES]:
        print(f"\n{checker.story(job_id)}")


def _figures(verdict: Verdict, foe: Nemesis, books: Books) -> dict[str, Any]:
    steady = [each for each in books.replay.recovery if not foe.away("redis", each.kill.at, each.seconds)]
    shaken = [each for each in books.replay.recovery if each not in steady]
    makers = [kill for kill in foe.kills if kill.name in nemesis.MAKERS]
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
        "recovery_without_redis_s": _spread(shaken),
        "killed": _by_kill(foe, books),
        "refused": verdict.refused,
        "left_over": len(verdict.left_over),
        "breaches": len(verdict.breaches),
    }
