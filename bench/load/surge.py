"""One load run of simulated users against a deployment, and the data that it leaves."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import redis

from bench.chaos import histories
from bench.chaos.histories import Answers
from bench.harness.deployment import Deployment
from bench.harness.gauges import Gauges
from bench.load.users import Habits, Users
from jobs.model import Job, from_record
from ledger.admin.vips import Vips
from ledger.connection import connect
from sandbox.stack import Stack


@dataclass(frozen=True, slots=True)
class Surge:
    """One load run.

    Attributes:
        users: Number of users.
        seconds: How long they ask.
        deployment: The processes and the provider's times.
        habits: What the users do.
        patience_s: Longest wait for the last replies (s).
        settings: The product's settings that differ from the recommendation.
        seed: Seed of the users' actions.
        prepare: Called before the run with the ledger's client and the users' chats.
    """

    users: int
    seconds: float
    deployment: Deployment = field(default_factory=Deployment)
    habits: Habits = field(default_factory=Habits)
    patience_s: float = 300.0
    settings: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1
    prepare: "Callable[[redis.Redis, list[int]], None] | None" = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The data that a run leaves.

    Attributes:
        surge: The run.
        users: The users and their own view.
        answers: (Chat, message) -> the bot's messages in reply, at the end.
        submissions: The provider's paid submissions.
        completed: Prompt -> when the provider completed it (Unix seconds).
        jobs: The ledger's jobs.
        gauges: Resources used while the users asked.
        provider_calls: Calls to the provider while the users asked.
        telegram_calls: Calls to Telegram while the users asked.
        redis: Redis's commands while the users asked, also those inside scripts; `(reads)` are round trips.
        in_window: Number of results that came while the users asked.
    """

    surge: Surge
    users: Users
    answers: dict[tuple[int, int], Answers]
    submissions: list[dict[str, Any]]
    completed: dict[str, float]
    jobs: dict[str, Job]
    gauges: Gauges
    provider_calls: Counter[str]
    telegram_calls: Counter[str]
    redis: Counter[str]
    in_window: int


Beside = Callable[[Stack], contextlib.AbstractContextManager[None]]


def run(surge: Surge, beside: Beside = lambda _: contextlib.nullcontext()) -> Seen:
    """Open the deployment, let the users ask, and gather the data.

    Args:
        surge: The run.
        beside: A context manager that is open while the users ask (a profiler, for example).
    """
    with (
        surge.deployment.open(surge.settings) as stack,
        contextlib.closing(connect(stack.settings.ledger_redis())) as client,
    ):
        chats = _people(stack, client, surge)
        if surge.prepare:
            surge.prepare(client, chats)
        users = Users(stack.telegram, chats, surge.habits, Random(surge.seed))
        with beside(stack):
            return _watched(stack, client, users, surge)


def _people(stack: Stack, client: "redis.Redis", surge: Surge) -> list[int]:
    chats = [stack.telegram.new_user(f"User {number}") for number in range(surge.users)]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    for chat in chats[: round(surge.users * surge.habits.vips)]:
        Vips(client).grant(chat, tomorrow, by=0)
    return chats


def _watched(stack: Stack, client: "redis.Redis", users: Users, surge: Surge) -> Seen:
    gauges = Gauges(client, {name: program.pid for name, program in stack.programs.items()})
    calls = [_calls(stack, client)]

    def close_window() -> None:
        gauges.close()
        calls.append(_calls(stack, client))

    began = time.time()
    with gauges, _after(surge.seconds, close_window):
        users.spend(surge.seconds, surge.patience_s)
    provider, telegram, commands = (after - before for before, after in zip(*calls, strict=True))
    predictions = stack.provider.predictions()
    return Seen(
        surge,
        users,
        histories.chats(stack, {ask.chat for ask in users.asks}),
        stack.provider.submissions(),
        {
            each["input"]["prompt"]: _unix(each["completed_at"])
            for each in predictions
            if "completed_at" in each
        },
        {job_id: from_record(job_id, record) for job_id, record in histories.records(client).items()},
        gauges,
        provider,
        telegram,
        commands,
        sum(1 for ask in users.asks if ask.outcome == "result" and ask.answered <= began + surge.seconds),
    )


@contextlib.contextmanager
def _after(seconds: float, do: Callable[[], object]) -> Iterator[None]:
    """Call `do` after so many seconds, and wait for it at the end of the block."""
    timer = threading.Timer(seconds, do)
    timer.start()
    try:
        yield
        timer.join(30)
    finally:
        timer.cancel()


def _calls(stack: Stack, client: "redis.Redis") -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return the calls of the provider and of Telegram so far, and Redis's commands."""
    asked = stack.provider.calls()["calls"]
    provider = Counter({name: sum(by_status.values()) for name, by_status in asked.items()})
    info: Any = client.info("stats")
    done: Any = client.info("commandstats")
    commands = Counter({name.removeprefix("cmdstat_"): int(each["calls"]) for name, each in done.items()})
    commands["(reads)"] = int(info["total_reads_processed"])
    return provider, Counter(stack.telegram.calls(chat=0)["counts"]), commands


def _unix(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
