"""The stack of a benchmark, and jobs sent into it past the chat: admitted, published and read back."""

import itertools
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from celery import Celery

from jobs.model import Job, Kind, Lane, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admin.vips import Vips
from ledger.admission import Accepted
from ledger.connection import connect
from sandbox.admission import BlockingAdmission
from sandbox.processes import Program
from sandbox.stack import Stack
from tasks.publish import Publisher

MODELS = {Kind.IMAGE: "sketch", Kind.VIDEO: "motion"}
_NO_LIMIT = 1_000_000
WORKERS = ("worker-image", "worker-video", "worker-vip", "deliver")
UNLIMITED = {
    "TELEGRAM_RATE_PER_S": "100000",
    "TELEGRAM_CHAT_RATE_PER_S": "100000",
    "TELEGRAM_GROUP_RATE_PER_MIN": "100000",
    "READY_AFTER_S": "3600",
    "REPLICATE_CREATES_PER_MIN": str(_NO_LIMIT),
    "REPLICATE_CALLS_PER_MIN": str(_NO_LIMIT),
    "POLLS_PER_S": str(_NO_LIMIT),
}
"""Telegram's flood limits and those of a provider's account would hold up what is measured."""


class Stage:
    """A context manager: Redis, the stands and the workers of the Procfile, without a bot.

    Results are delivered to the Telegram stand, with its flood limits off; there is no status message,
    so each comes as a message of its own. The provider answers with small ready-made files after
    `seconds` on average, log-normally spread by `sigma`. `sent` holds the ids of all jobs accepted.
    `workers` names other lines of the Procfile, `telegram` adds arguments to the Telegram stand.
    """

    def __init__(
        self,
        slots: int,
        seconds: float,
        sigma: float,
        settings: Mapping[str, str],
        *,
        workers: Sequence[str] = WORKERS,
        telegram: Sequence[str] = (),
    ) -> None:
        poll = f"{seconds / 4:g}"
        self._stack = Stack(
            workers,
            {**UNLIMITED, "WORKER_SLOTS": str(slots), "POLL_FIRST_S": poll, "POLL_MAX_S": poll, **settings},
            f"--fast-media --latency image={seconds},video={seconds} --sigma {sigma} --seed 1 "
            f"--creates-per-min {_NO_LIMIT} --others-per-min {_NO_LIMIT}".split(),
            telegram,
            redis_commands=("MONITOR",),
        )
        self._open = ExitStack()
        self._prompts = itertools.count(1)
        self.sent: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._open.enter_context(self._stack)
            self.settings = self._stack.settings
            self._stack.telegram.limits(enabled=False)
            self._client = connect(self.settings.ledger_redis())
            self._open.callback(self._client.close)
            app = Celery("bench", config_source="celeryconfig", set_as_current=False)
            app.conf.broker_url = self.settings.redis_url
            self._open.callback(app.close)
            self._publisher = Publisher(app)
            self.limit(_NO_LIMIT, _NO_LIMIT)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def start(self, name: str, line: str) -> Program:
        """One more worker, from a command line; it is closed with the stage."""
        return self._stack.add(name, line).start()

    def outputs_from(self, url: str, prompt: str) -> None:
        """What the provider makes for this prompt is to be fetched from there."""
        self._stack.provider.fault("inside_url", on="prediction", match=prompt, url=url)

    def limit(self, backlog: int, active: int) -> None:
        """From now on a lane takes that many waiting jobs, and a user may have that many active ones."""
        limits = replace(self.settings, active_jobs=active, vip_active_jobs=active, lane_backlog=backlog)
        self._admission = self._open.enter_context(BlockingAdmission(limits))

    def new_users(self, count: int, *, vip: bool = False) -> list[int]:
        """People who have never sent anything."""
        users = [self._stack.telegram.new_user(f"User {number}") for number in range(count)]
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
        for user in users if vip else ():
            Vips(self._client).grant(user, tomorrow, by=0)
        return users

    def send(self, user: int, kind: Kind, prompt: str = "") -> str | None:
        """A user asks for something that nobody else has asked for: the job's id, None when turned away."""
        job_id = uuid.uuid4().hex[:20]
        request = Request(kind, MODELS[kind], prompt or f"a fox number {next(self._prompts)}")
        answer = self._admission.admit(job_id, request, Origin(user, user, 0))
        if not isinstance(answer, Accepted):
            return None
        self.sent.append(job_id)
        self._publisher.publish_generation(answer.job)
        self._stack.ledger.published(job_id)
        return job_id

    def waiting(self, lane: Lane) -> int:
        """Jobs of a lane that nobody has claimed."""
        found: Any = self._client.zcard(keys.waiting(lane))
        return int(found)

    def job(self, job_id: str) -> Job:
        """The record; every job sent here is kept."""
        found = self._stack.ledger.get(job_id)
        if found is None:
            raise LookupError(f"the ledger has lost job {job_id}")
        return found

    def ended(self, job_ids: Iterable[str], patience_s: float) -> list[Job]:
        """The records once every job has ended and its chat was told.

        Raises TimeoutError for a job that does not end, and ValueError where one was not delivered: then the
        run measures something else.
        """
        deadline = time.monotonic() + patience_s
        jobs: list[Job] = []
        for job_id in job_ids:
            while not (job := self.job(job_id)).told:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"job {job_id} is still {job.state} after {patience_s:g} s")
                time.sleep(0.05)
            if job.state is not State.DELIVERED:
                raise ValueError(f"job {job_id} ended {job.state} ({job.failure})")
            jobs.append(job)
        return jobs


def waits(jobs: Sequence[Job]) -> list[float]:
    """Seconds from the admission of each job to its slot."""
    return [job.stamps["claimed"] - job.stamps["accepted"] for job in jobs]


def mean_work(jobs: Sequence[Job]) -> float:
    """Seconds that a job holds its slot, on average."""
    return sum(job.stamps["stored"] - job.stamps["claimed"] for job in jobs) / len(jobs)
