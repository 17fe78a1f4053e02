"""One chaos run: a stack, simulated users, a fault injector, and a checker."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import redis

from bench.chaos import histories, replica, strikes
from bench.chaos.checker import Breach, Checker, Verdict
from bench.chaos.crowd import Crowd
from bench.chaos.histories import Books, Message, job_under
from bench.chaos.nemesis import Nemesis
from bench.chaos.witness import Witness
from bench.harness.deployment import webhooks
from bench.harness.stage import UNLIMITED
from jobs.states import ENDED
from ledger.connection import connect
from sandbox.environment import free_port
from sandbox.stack import Scene, Stack

_WORKER = "celery -A tasks worker -Q {lanes} -n {name}@%h --without-gossip --without-mingle"
LINES = {
    "bot": "python -m bot",
    **{name: _WORKER.format(lanes="img", name=name) for name in strikes.MAKERS},
    **{name: _WORKER.format(lanes="deliver", name=name) for name in strikes.GIVERS},
    "exporter": "python -m monitoring.exporter",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a chaos run: `per_s` requests a second.

    Lease, heartbeat and sweep are two thirds of the product's defaults, for a recovery within 7 s even on a
    busy machine.
    """

    jobs: int = 500
    kills: int = 5
    seed: int = 1
    per_s: float = 9.0
    lease_s: float = 4.0
    heartbeat_s: float = 1.0
    sweep_s: float = 0.67
    image_s: float = 2.0
    sigma: float = 0.9
    appendfsync: str = "always"
    redis_kills: int | None = None
    grace_s: float = 8.0
    patience_s: float = 90.0
    webhooks: bool = False
    replica: bool = False
    keep: Path | None = None

    @property
    def seconds(self) -> float:
        """How long requests are sent (s)."""
        return self.jobs / self.per_s

    @property
    def settings(self) -> dict[str, str]:
        """The product's settings without limits for users, lanes and chats.

        They are off, or they would be what is measured.
        """
        return UNLIMITED | {
            "LEASE_S": f"{self.lease_s:g}",
            "HEARTBEAT_S": f"{self.heartbeat_s:g}",
            "SWEEP_S": f"{self.sweep_s:g}",
            "UNKNOWN_GRACE_S": f"{self.grace_s:g}",
            "POLL_FIRST_S": "0.5",
            "POLL_MAX_S": "1",
            "ACTIVE_JOBS": "100000",
            "LANE_BACKLOG": "100000",
            "USER_RATE_LIMIT": "1000/s",
            "REFUSED_RATE_LIMIT": "",
            "LOG_FORMAT": "json",
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run: the verdict, the checker, the fault injector, and the ledger at the end."""

    verdict: Verdict
    checker: Checker
    foe: Nemesis
    books: Books
    crowd_late_s: float


def run(plan: Plan) -> Outcome:
    """Run from an empty stack to the verdict."""
    random = Random(plan.seed)
    with ExitStack() as open_:
        port = str(free_port())
        posted, options = webhooks() if plan.webhooks else ({}, ())
        waits = replica.SETTINGS if plan.replica else {}
        settings = plan.settings | posted | waits | {"EXPORTER_PORT": port}
        provider = [*_provider_options(plan), *options]
        stack = open_.enter_context(Stack((), settings, provider, redis_commands=("MONITOR",)))
        if plan.replica:
            open_.enter_context(replica.followed(stack))
        witness = open_.enter_context(_built(stack, plan))
        client = open_.enter_context(contextlib.closing(connect(stack.settings.ledger_redis())))
        crowd = Crowd(stack, max(5, plan.jobs // 20), random)
        others = round(plan.kills / 5)
        redis_kills = others if plan.redis_kills is None else plan.redis_kills
        events = strikes.draw(random, plan.seconds, plan.kills, others, redis_kills, plan.lease_s)
        foe = Nemesis(
            stack,
            events,
            Random(plan.seed),
            partial(histories.held, client),
            partial(histories.giver, client),
            crowd.tidy_up,
        )
        with _accountant(stack.settings.redis_url) as seen:
            foe.start()
            crowd.ask(plan.jobs, plan.seconds)
            foe.finish(plan.seconds + 2 * plan.patience_s)
            settle(stack, client, crowd, plan.jobs, plan.patience_s)
            pressed = crowd.press_left_over(plan.patience_s)
        witness.close()
        exported = histories.exported(f"http://127.0.0.1:{port}/metrics")
        seen_by_witness = histories.replay(client, witness, foe.kills)
        books = histories.books(client, seen_by_witness, exported)
        chats = histories.chats(stack, crowd.users)
        checker = Checker(stack, crowd.asked, chats, histories.provider(stack), books)
        verdict = checker.judge(seen)
        _check_left_over(verdict, pressed, foe)
        if verdict.breaches and plan.keep:
            _keep(stack, witness, plan.keep)
    return Outcome(verdict, checker, foe, books, crowd.late_s)


@contextmanager
def _built(stack: Stack, plan: Plan) -> Iterator[Witness]:
    """Start the processes, with MONITOR recording from before their first command to Redis."""
    if plan.appendfsync != "always":
        _sync_as(stack, plan.appendfsync)
    stack.telegram.limits(enabled=False)
    for name, line in LINES.items():
        stack.add(name, line)
    with Witness(stack.settings.redis_url, stack.folder / "monitor") as witness:
        with ThreadPoolExecutor(len(LINES)) as starting:
            list(starting.map(lambda name: stack.programs[name].start(), LINES))
        yield witness


def _provider_options(plan: Plan) -> list[str]:
    return (
        f"--fast-media --latency image={plan.image_s},video={plan.image_s} --sigma {plan.sigma} "
        f"--seed {plan.seed} --creates-per-min 1000000 --others-per-min 1000000"
    ).split()


def _sync_as(stack: Stack, appendfsync: str) -> None:
    server = stack.programs["redis"]
    server.terminate()
    server.argv = [appendfsync if word == "always" else word for word in server.argv]
    server.start()


@contextmanager
def _accountant(url: str) -> Iterator[list[int]]:
    """Watch `jobs_unaccounted` all the time; the list collects every value other than 0.

    Redis may come and go meanwhile.
    """
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


def settle(stack: Scene, client: "redis.Redis", crowd: Crowd, jobs: int, patience_s: float) -> None:
    """Wait until no job is in progress; ask again for requests that were refused.

    Give up when no further job has ended for `patience_s` seconds: the total time depends on the machine.
    """
    most, deadline = 0, time.monotonic() + patience_s
    while time.monotonic() < deadline:
        time.sleep(0.5)
        records = histories.records(client)
        ended = sum(record["state"] in ENDED and "at:told" in record for record in records.values())
        if ended > most:
            most, deadline = ended, time.monotonic() + patience_s
        if ended < len(records) or stack.telegram.state()["updates_pending"]:
            continue
        missing = jobs - len(records)
        refused = _refused(stack, crowd)
        if missing <= 0 or refused < len(crowd.asked) - len(records):
            # Nothing is refused any more: a missing job is lost or still on its way.
            if missing <= 0:
                return
            continue
        crowd.ask(missing, 1.0)


def _refused(stack: Scene, crowd: Crowd) -> int:
    chats = histories.chats(stack, crowd.users)
    answers = [chats.get((asked.chat, asked.message)) for asked in crowd.asked]
    return sum(1 for each in answers if each and each.words and not (each.results or each.ends))


def _check_left_over(verdict: Verdict, pressed: Sequence[Message], foe: Nemesis) -> None:
    """Check that no status message stays after its job's end, once its Cancel was pressed.

    A status message that was still there to be pressed needs an explanation: the bot was cut off between
    posting and recording it, by its own death, by that of Redis, or because Telegram's reply was dropped.
    """
    verdict.breaches += [
        Breach("I1", "a status message stays beside an end", job_under(each)) for each in verdict.left_over
    ]
    cuts = [(began - 3, ended + 3) for name, began, ended in foe.spans if name in ("bot", "redis")]
    unexplained = [
        message for message in pressed if not any(began <= message["at"] <= ended for began, ended in cuts)
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
