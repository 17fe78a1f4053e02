"""The systems that hold jobs: Darkroom, and a plain design on Celery's pools and without Celery."""

import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from bench.harness.stage import UNLIMITED
from bench.peers.systems import APPS, Darkroom, Library, Peer, System
from config.settings import ROOT
from jobs.model import Job
from sandbox.processes import Program
from sandbox.stack import Stack

DEADLINE_S = 1800
"""The models' deadline (s), long enough that no held job is given up."""
_PRODUCTS_OWN = ("POLLS_PER_S", "REPLICATE_CALLS_PER_MIN", "TELEGRAM_RATE_PER_S")
"""Limits that keep their defaults.

Without Telegram's rate limit the progress of a thousand jobs would be edited at once.
"""
_CELERY = "celery[redis]==5.7.0 gevent==26.9.0"
_WORKER = "celery -A celery_app worker -P {pool} -c {{slots}} --without-gossip --without-mingle"
_LIBRARIES = {
    "prefork": Library(_CELERY, "celery_app", _WORKER.format(pool="prefork")),
    "gevent": Library(_CELERY, "celery_app", _WORKER.format(pool="gevent")),
    "asyncio": Library("", "poller_app", "{apps}/poller_app.py"),
}
NAMES = ("darkroom", *_LIBRARIES)


@dataclass(frozen=True, slots=True)
class Load:
    """How many jobs are held, in how many processes, and how often the peers poll for each.

    Darkroom polls by its settings; `poll_s` are the seconds between two polls of a peer.
    """

    jobs: int
    processes: int = 1
    poll_s: float = 10.0


class Holder:
    """A stack and a system with its processes; a context manager.

    `stack` and `system` are those. `idle` is a process that only measures how late its waits end, as the
    processes with jobs do; `folder` holds these measurements.
    """

    def __init__(self, name: str, load: Load) -> None:
        self._name = name
        self._load = load
        self._open = ExitStack()
        limits = {name: value for name, value in UNLIMITED.items() if name not in _PRODUCTS_OWN}
        options = "--fast-media --seed 1 --creates-per-min 1000000 --others-per-min 1000000"
        # A message that the stand has forgotten counts as deleted, and its result takes two calls.
        kept = ("--history", str(4 * load.jobs))
        self.stack = Stack((), limits, options.split(), kept)

    def __enter__(self) -> Self:
        try:
            self._open.enter_context(self.stack)
            self.stack.telegram.limits(enabled=False)
            self.folder = self.stack.folder / "lag"
            self.folder.mkdir()
            self._http = self._open.enter_context(httpx.Client(trust_env=False))
            self.system = self._made()
            programs: Sequence[Program] = [*self.system.services, *self.system.others]
            for program in programs:
                self._open.enter_context(closing(program))
            with ThreadPoolExecutor(len(programs)) as starting:
                list(starting.map(Program.start, programs))
            self.idle = self._open.enter_context(
                Program(
                    [sys.executable, APPS / "lag.py"],
                    env={**self.stack.environment, "LAG_DIR": str(self.folder)},
                )
            )
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _made(self) -> System:
        load, lag = self._load, {"LAG_DIR": str(self.folder)}
        if library := _LIBRARIES.get(self._name):
            rhythm = {"POLL_S": f"{load.poll_s:g}", "DEADLINE_S": str(DEADLINE_S)}
            return Peer(self.stack, library, load.jobs, load.processes, lag | rhythm)
        catalogue = (ROOT / "sandbox" / "models.toml").read_text(encoding="utf-8")
        patient = self.stack.folder / "models.toml"
        patient.write_text(re.sub(r"(?m)^deadline_s = .*", f"deadline_s = {DEADLINE_S}", catalogue))
        self.stack.environment |= lag | {"MODELS_FILE": str(patient), "PYTHONPATH": str(APPS)}
        return Darkroom(self.stack, load.jobs, load.processes, "lag_in_celery", self._post)

    def _post(self, job: Job) -> None:
        """Post the status message; otherwise a worker looks for it repeatedly."""
        body = {"chat_id": job.origin.chat, "text": job.request.prompt}
        answer = self._http.post(
            f"{self.stack.telegram.base_url}/bot{self.stack.settings.telegram_token}/sendMessage", json=body
        )
        self.stack.ledger.posted(job, answer.raise_for_status().json()["result"]["message_id"])
