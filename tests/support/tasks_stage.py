"""The inside of a worker between both stands and a real Redis: tasks run in the test's own process.

Messages stay on the broker until `Stage.work` gives them to their tasks. A test thus decides what happens
between two of them.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis
from brokers import broker
from patience import LONG_S, eventually

from chat import status
from chat.texts import texts
from config.settings import ROOT, Settings
from jobs.model import Job, Kind, Lane, Origin, Request
from ledger import keys
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.jobs import Stage as Claim
from sandbox.admission import BlockingAdmission
from sandbox.processes import Program
from stand.provider.client import ProviderStand
from stand.telegram.client import TelegramStand
from tasks.app import app
from tasks.delivery.task import deliver
from tasks.generation.task import generate
from tasks.process import Process

__all__ = ["eventually"]

QUICK: dict[str, Any] = {
    "poll_first_s": 0.05,
    "poll_max_s": 0.1,
    "heartbeat_s": 0.1,
    "lease_s": 30.0,  # tests let leases expire and grace periods end themselves, however slow the machine
    "unpublished_s": 60.0,  # likewise
    "unknown_grace_s": 60.0,
    "sweep_s": 3600.0,  # its threads sweep once at the start; from then on the test sweeps
    "media_max_bytes": 1_000_000,
    "telegram_rate_per_s": 10_000.0,
    "telegram_chat_rate_per_s": 1000.0,
    "provider_timeout_s": 15.0,
    "models_file": "sandbox/models.toml",
    "telegram_token": "7001001:" + "W" * 35,
    "replicate_api_token": "r8_worker",
    "replicate_creates_per_min": 1_000_000.0,
    "replicate_calls_per_min": 1_000_000.0,
}
TASKS: dict[str, Callable[[str], None]] = {"generate": generate, "deliver": deliver}


class Stage:
    """What a test can see: the chats (`telegram`), the account (`provider`), the ledger, and the worker."""

    def __init__(
        self,
        settings: Settings,
        telegram: TelegramStand,
        provider: ProviderStand,
        admission: BlockingAdmission,
    ) -> None:
        self.settings = settings
        self.folder = Path(settings.media_url)
        self.telegram = telegram
        self.provider = provider
        self.redis: redis.Redis = connect(settings.redis_url)
        self.ledger = Ledger(self.redis, settings)
        self.admission = admission
        self.process = self.new_process()
        self.take_charge()
        self.process.delivery.chat.call(lambda gateway: gateway.bot.get_me())

    def new_process(self) -> Process:
        """Return a worker's composition root; the caller closes it."""
        return Process(self.settings, app, list(Lane), 8)

    def take_charge(self) -> None:
        """Let tasks run in this stage's worker from now on, whatever other stages are open."""
        processes()[os.getpid()] = self.process

    @contextmanager
    def another_worker(self) -> Iterator[Process]:
        """Let a second, new worker process run the tasks during the block; then the first goes on."""
        first = self.process
        with closing(self.new_process()) as second:
            self.process = second
            self.take_charge()
            try:
                yield second
            finally:
                self.process = first
                self.take_charge()

    def close(self) -> None:
        """Close the worker."""
        if processes().get(os.getpid()) is self.process:
            processes().clear()
        self.process.close()
        self.redis.close()

    # What users do.

    def job(self, prompt: str, kind: Kind = Kind.IMAGE, source: str = "", language: str = "en") -> Job:
        """Return a job of a new user, shown in the chat and on the broker, as the bot leaves it."""
        user = self.telegram.new_user(language_code=language)
        asked = self.telegram.send(user, prompt)
        origin = Origin(user, user, asked["message_id"], language)
        return self.job_for(origin, prompt, kind, source)

    def job_for(self, origin: Origin, prompt: str, kind: Kind = Kind.IMAGE, source: str = "") -> Job:
        """Return such a job of a known user."""
        self.take_charge()
        model = "sketch" if kind is Kind.IMAGE else "motion"
        request = Request(kind, model, prompt, seed=7, source=source)
        answer = self.admission.admit(f"{kind}-{time.time_ns()}", request, origin, fresh=True)
        assert isinstance(answer, Accepted)
        view = status.waiting(answer.job, None, texts(origin.language))
        message = self.process.delivery.chat.call(lambda gateway: gateway.post(origin, view))
        self.ledger.posted(answer.job, message)
        self.process.publisher.publish_generation(answer.job)
        self.ledger.published(answer.job.id)
        return self.now(answer.job)

    # What the worker does.

    def work(self, *, only: str = "") -> list[tuple[str, str]]:
        """Give all messages on the broker (`only`: those of one task) to their tasks, until there are none.

        Returns:
            Task and job id of each message, in order.
        """
        done = []
        while found := self._take(only):
            done.append(found)
            TASKS[found[0]](found[1])
        return done

    @contextmanager
    def working(self, job: Job) -> Iterator[threading.Thread]:
        """Generate the job in a thread during the block; the thread must end soon after the block."""
        thread = threading.Thread(target=generate, args=(job.id,))
        thread.start()
        try:
            yield thread
        finally:
            thread.join(LONG_S)
        assert not thread.is_alive(), "the worker did not come to an end"

    def claimed_elsewhere(self, job: Job) -> Job:
        """Claim the job as another worker process."""
        claimed = self.ledger.claim(job.id, "another", Claim.GENERATE)
        assert claimed is not None
        return claimed

    def lapse(self, job: Job) -> None:
        """Let the job's lease expire, as if its worker were gone."""
        self.redis.zadd(keys.due(), {job.id: 0}, xx=True)

    def orphaned(self, job: Job) -> str:
        """Return the job's prediction, after making it one that no job has recorded yet."""
        prediction = self.now(job).prediction
        assert self.redis.delete(keys.prediction(prediction))
        return prediction

    # What a test checks.

    def now(self, job: Job) -> Job:
        """Return the job's current record."""
        found = self.ledger.get(job.id)
        assert found is not None
        return found

    def message(self, job: Job) -> dict[str, Any]:
        """Return the job's message as its chat shows it."""
        number = self.now(job).message
        return next(one for one in self.telegram.messages(job.origin.chat) if one["message_id"] == number)

    def by_bot(self, job: Job) -> list[dict[str, Any]]:
        """Return the bot's messages in the job's chat, without deleted ones."""
        told = self.telegram.messages(job.origin.chat)
        return [one for one in told if one["from"]["is_bot"] and not one["deleted"]]

    def paid(self, prompt: str) -> int:
        """Return the number of submissions with this prompt that the provider bills."""
        return self.provider.total(prompt)

    def predictions(self, prompt: str) -> list[dict[str, Any]]:
        """Return the provider's predictions with this prompt."""
        return [one for one in self.provider.predictions() if one["key"] == prompt]

    def _take(self, only: str) -> tuple[str, str] | None:
        lanes = [lane for lane in Lane if not only or (lane is Lane.DELIVER) == (only == "deliver")]
        with app.connection_for_read() as connection, connection.channel() as channel:
            for lane in lanes:
                message = app.amqp.queues[lane](channel).get(no_ack=True)
                if message is not None:
                    (job_id,), _, _ = message.payload
                    return str(message.headers["task"]), str(job_id)
        return None


def processes() -> dict[int, Process]:
    """Return the dictionary in which tasks find their process's composition root."""
    found: dict[int, Process] = app.__dict__.setdefault("darkroom_processes", {})
    return found


@contextmanager
def stage(redis_url: str, folder: Path, **overrides: Any) -> Iterator[Stage]:
    """Start both stands as processes, and a worker's inside between them."""
    provider = [sys.executable, "-m", "stand.provider", "--fast-media", "--sigma", "0"]
    provider += ["--latency", "image=0.05,video=0.05"]
    telegram = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    with ExitStack() as stack:
        ready = r"stand on (?P<url>http://\S+)"
        chats = stack.enter_context(Program(telegram, ready=ready, cwd=ROOT))
        account = stack.enter_context(Program(provider, ready=ready, cwd=ROOT))
        settings = Settings(
            **QUICK
            | {
                "redis_url": redis_url,
                "telegram_api_url": chats.url,
                "replicate_api_url": f"{account.url}/v1",
                "media_url": str(folder),
            }
            | overrides
        )
        stack.enter_context(broker(redis_url))
        users = stack.enter_context(TelegramStand(chats.url))
        users.limits(enabled=False)
        provided = stack.enter_context(ProviderStand(account.url))
        admission = stack.enter_context(BlockingAdmission(replace(settings, active_jobs=99)))
        made = Stage(settings, users, provided, admission)
        stack.callback(made.close)
        yield made
