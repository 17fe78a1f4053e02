"""What the tests of the tasks share: a broker to look into, a door for jobs, the two stands, a worker."""

import base64
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import redis
from celery import Celery

import tasks
from config.settings import Settings
from jobs.admission import Accepted, Admission
from jobs.connection import connect
from jobs.ledger import Ledger
from jobs.model import Job, Kind, Lane, Origin, Request
from jobs.states import State
from sandbox.processes import Program
from tasks.process import Process

ROOT = Path(__file__).parents[2]
TOKEN = "7001001:" + "W" * 35
_NUMBERS = itertools.count(1)


def eventually(condition: Callable[[], Any], within_s: float = 10) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.01)


def app_of(settings: Settings) -> Celery:
    """A Celery app with the product's configuration, on the broker of the settings."""
    app = Celery("test", set_as_current=False, config_source="celeryconfig")
    app.conf.broker_url = settings.redis_url
    return app


def messages(client: "redis.Redis", lane: Lane) -> list[dict[str, Any]]:
    """The raw messages of a lane in the order in which they are given out; `args` are those of the task."""
    found = []
    for step in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
        # Celery pushes at one end and pops at the other.
        for item in reversed(cast(list[str], client.lrange(f"{lane}{step}", 0, -1))):
            message = json.loads(item)
            args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
            found.append({**message, "args": args, "kwargs": kwargs, "step": step[-1:] or "0"})
    return found


def told_of(client: "redis.Redis", lane: Lane) -> list[str]:
    """The ids of the jobs that have a message in a lane."""
    return [message["args"][0] for message in messages(client, lane)]


class Door:
    """Lets jobs in: each wants a result of its own, and there are no limits. `ledger` is the usual one."""

    def __init__(self, settings: Settings) -> None:
        self.redis: redis.Redis = connect(settings.redis_url)
        self.ledger = Ledger(self.redis, settings)
        self._door = Admission(self.redis, replace(settings, active_jobs=1000, lane_backlog=1000), {})

    def admit(self, kind: Kind = Kind.IMAGE, prompt: str = "a red fox", user: int = 7, **request: Any) -> Job:
        """An accepted job, under an id that no other job of this run has."""
        model = request.pop("model", "sketch" if kind is Kind.IMAGE else "motion")
        wanted = Request(kind, model, prompt, **request)
        answer = self._door.admit(f"job{next(_NUMBERS)}", wanted, Origin(user, user, 0), fresh=True)
        assert isinstance(answer, Accepted)
        return answer.job

    def now(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.ledger.get(job.id)
        assert found is not None
        return found

    def until(self, job: Job, state: State) -> Job:
        """The job once it has come into that state."""
        eventually(lambda: self.now(job).state is state)
        return self.now(job)

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()


def provider_program(*more: str) -> Program:
    """A provider stand with the media of load runs and short latencies; not started."""
    argv = [sys.executable, "-m", "sandbox.provider", "--fast-media", "--sigma", "0"]
    argv += ["--latency", "image=0.05,video=0.05", *more]
    return Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT)


def telegram_program() -> Program:
    """A Telegram stand; not started."""
    argv = [sys.executable, "-m", "sandbox.telegram", "--port", "0"]
    return Program(argv, ready=r"telegram stand on (?P<url>http://\S+)", cwd=ROOT)


@contextmanager
def worker(settings: Settings, slots: int = 8) -> Iterator[Process]:
    """The composition root of a worker process, which the tasks find as that of this process."""
    process = Process(settings, app_of(settings), list(Lane), slots)
    known: dict[int, Process] = tasks.app.__dict__.setdefault("darkroom_processes", {})
    before = known.get(os.getpid())
    known[os.getpid()] = process
    try:
        yield process
    finally:
        del known[os.getpid()]
        if before is not None:
            known[os.getpid()] = before
        process.close()


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Work in another thread, which has ended when the block is left."""
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive(), "the work did not end"
