"""What is compared: Darkroom, and the same pipeline on other task queues, each in its own environment."""

import itertools
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from celery import Celery

from bench.harness.stage import MODELS
from jobs.model import Job, Kind, Origin, Request
from ledger.admission import Accepted
from sandbox.admission import BlockingAdmission
from sandbox.processes import Program
from sandbox.stack import Stack
from tasks.publish import Publisher

APPS = Path(__file__).parent / "apps"
SERVICES = 2
"""Worker processes (groups of processes, for RQ) among which the slots are shared out."""
_MANY = 1_000_000
_WORKER = "celery -A tasks worker -Q {lanes} -n {name}@%h --without-gossip --without-mingle"


class System(Protocol):
    """`services` are the worker processes with the slots; the first is the one to be killed. `others` belong
    to it too."""

    services: list[Program]
    others: list[Program]

    def push(self, chat: int, count: int, per_s: float, prefix: str) -> Mapping[str, float]:
        """Admit and publish that many jobs (`per_s` 0: as fast as it goes): prompt -> when (Unix seconds)."""


class Darkroom:
    """The product with its defaults; no bot, as the peers have none.

    `posted` is called with each job that was taken, as the bot would post its status message then. With
    `bot` one runs, for the provider's webhooks.
    """

    def __init__(
        self,
        stack: Stack,
        slots: int,
        services: int = SERVICES,
        include: str = "",
        posted: Callable[[Job], None] = lambda _job: None,
        *,
        bot: bool = False,
    ) -> None:
        self._stack = stack
        self._posted = posted
        stack.environment["WORKER_SLOTS"] = str(slots // services)
        names = [f"image-{number}" for number in range(1, services + 1)]
        line = _WORKER + (f" --include {include}" if include else "")
        self.services = [stack.add(name, line.format(lanes="img", name=name)) for name in names]
        self.others = [stack.add("deliver", _WORKER.format(lanes="deliver", name="deliver"))]
        if bot:
            self.others.append(stack.add("bot", "python -m bot"))
        self._app = Celery("bench", config_source="celeryconfig", set_as_current=False)
        self._app.conf.broker_url = stack.settings.redis_url
        self._publisher = Publisher(self._app)

    def push(self, chat: int, count: int, per_s: float, prefix: str) -> Mapping[str, float]:
        """See System."""
        limits = replace(self._stack.settings, active_jobs=_MANY, lane_backlog=_MANY)
        sent = {}
        with BlockingAdmission(limits) as door:
            start = time.monotonic()
            for number in range(count):
                time.sleep(max(0.0, start + number / per_s - time.monotonic()) if per_s else 0)
                prompt = f"{prefix} {number}"
                sent[prompt] = time.time()
                request = Request(Kind.IMAGE, MODELS[Kind.IMAGE], prompt)
                answer = door.admit(uuid.uuid4().hex[:20], request, Origin(chat, chat, 0))
                if not isinstance(answer, Accepted):
                    raise TypeError(f"{prompt} was not taken: {answer}")
                self._posted(answer.job)
                self._publisher.publish_generation(answer.job)
                self._stack.ledger.published(answer.job.id)
        return sent


@dataclass(frozen=True, slots=True)
class Library:
    """A task queue from PyPI: what to install, the module with its app, and the command of one worker."""

    requirements: str
    app: str
    worker: str

    def bin(self) -> Path:
        """The programs of its environment, made at the first call (needs a package index)."""
        folder = Path(tempfile.gettempdir()) / f"darkroom-peer-{self.app}"
        ready = folder / "ready"
        if not ready.exists() or ready.read_text(encoding="utf-8") != self.requirements:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            names = [*self.requirements.split(), "httpx", "redis"]
            subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-qq", *names], check=True)
            ready.write_text(self.requirements, encoding="utf-8")
        return folder / "bin"


LIBRARIES = {
    "rq": Library("rq==3.0.0", "rq_app", "rq worker-pool -q -n {slots} -u {redis} -P {apps} default"),
    "dramatiq": Library("dramatiq[redis]==2.2.1", "dramatiq_app", "dramatiq dramatiq_app -p 1 -t {slots}"),
    "taskiq": Library(
        "taskiq==0.13.0 taskiq-redis==1.2.4",
        "taskiq_app",
        "taskiq worker taskiq_app:broker --workers 1 --max-async-tasks {slots}",
    ),
    "arq": Library("arq==0.28.0", "arq_app", "arq arq_app.WorkerSettings"),
    "saq": Library("saq[redis]==0.26.4", "saq_app", "saq saq_app.settings"),
}


class Peer:
    """The pipeline of `apps/` on one of the libraries."""

    def __init__(
        self,
        stack: Stack,
        library: Library,
        slots: int,
        services: int = SERVICES,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._library = library
        self._python = library.bin() / "python"
        media = stack.folder / "peer"
        media.mkdir()
        each = slots // services
        self._environment = {
            "REDIS_URL": stack.settings.redis_url,
            "PROVIDER_URL": stack.settings.replicate_api_url,
            "TELEGRAM_URL": f"{stack.telegram.base_url}/bot{stack.settings.telegram_token}",
            "MEDIA_DIR": str(media),
            "PYTHONPATH": str(APPS),
            "SLOTS": str(each),
            **(settings or {}),
        }
        words = library.worker.format(slots=each, redis=stack.settings.redis_url, apps=APPS)
        name, *rest = shlex.split(words)
        argv: list[str | Path] = [self._python, library.bin() / name, *rest]
        self.services = [Program(argv, env=self._environment, cwd=APPS) for _ in range(services)]
        self.others: list[Program] = []
        self._numbers = itertools.count()

    def push(self, chat: int, count: int, per_s: float, prefix: str) -> Mapping[str, float]:
        """See System."""
        words: list[str | Path] = [self._python, APPS / "push.py"]
        words += [self._library.app, str(chat), str(count), str(per_s), prefix]
        timeout = 60 + (count / per_s if per_s else 60)
        pushing = Program(words, ready="^pushed$", env=self._environment, cwd=APPS, timeout=timeout)
        with pushing:
            lines = [line.partition("\t") for line in pushing.log_text.splitlines()]
        return {prompt: float(at) for prompt, tab, at in lines if tab}
