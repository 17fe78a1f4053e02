"""All of Darkroom against the stand, as processes: for `--once`, the tests and the load runs."""

import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Protocol, Self

import redis
from honcho.environ import parse_procfile

from config.settings import ROOT, Settings, load
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.trail import Trails
from ledger.users import Users
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import BOT_ID, free_port, on_path, stand_environment
from sandbox.processes import Program
from stand.provider.client import ProviderStand
from stand.telegram.client import TelegramStand

PRODUCT = ("bot", "worker-image", "worker-video", "worker-vip", "deliver")
"""The processes of the Procfile that a job needs."""
_READY = {
    "-m bot": r"\"event\": \"(polling|receiving)\"",
    "tasks flower": r"Visit me at (?P<url>http://[\w.:]+)",
    "tasks worker": r"ready\.",
    "monitoring.exporter": r"\"event\": \"exporting\"",
}
"""Part of a process's command -> the line that it prints when it is ready."""


def procfile() -> dict[str, str]:
    """Return the processes of the Procfile: name -> command."""
    return dict(parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes)


class Scene(Protocol):
    """Darkroom against the stand, in processes or containers, as the chaos runs and the tests see it."""

    telegram: TelegramStand
    provider: ProviderStand
    settings: Settings
    ledger: Ledger
    users: Users

    @property
    def bot_id(self) -> int:
        """The bot's own user id."""
        ...


class Stack:
    """Darkroom's processes, a Redis and the two stands, on free ports; a context manager.

    Args:
        processes: The lines of the Procfile to start.
        settings: Variables that override the stand's environment (`{"LEASE_S": "2"}`).
        provider: Further arguments of the provider's stand.
        telegram: Further arguments of Telegram's stand.
        redis_commands: The commands of `sandbox.redis.HIDDEN` that Redis keeps, for benchmarks.
    """

    def __init__(
        self,
        processes: Sequence[str] = PRODUCT,
        settings: Mapping[str, str] | None = None,
        provider: Sequence[str] = (),
        telegram: Sequence[str] = (),
        redis_commands: Collection[str] = (),
    ) -> None:
        self._names = processes
        self._overrides = dict(settings or {})
        self._provider_options = list(provider)
        self._telegram_options = list(telegram)
        self._redis_commands = redis_commands
        self._open = ExitStack()
        self.programs: dict[str, Program] = {}
        self._product: list[Program] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def _start(self) -> None:
        self.folder = Path(self._open.enter_context(TemporaryDirectory(prefix="darkroom-")))
        redis_server = EmbeddedRedis(
            free_port(), self.folder / "redis", keep=True, commands=self._redis_commands
        )
        self.programs["redis"] = self._open.enter_context(redis_server)
        python = [sys.executable, "-m"]
        telegram = Program(
            [*python, "stand.telegram", "--port", "0", *self._telegram_options],
            ready=r"on (?P<url>http\S+)",
            cwd=ROOT,
        )
        self.programs["telegram"] = self._open.enter_context(telegram)
        provider = Program(
            [*python, "stand.provider", *self._provider_options], ready=r"on (?P<url>http\S+)", cwd=ROOT
        )
        self.programs["provider"] = self._open.enter_context(provider)
        self.environment = on_path(
            stand_environment(redis_server.url, telegram.url, provider.url, self.folder) | self._overrides
        )
        self.telegram = self._open.enter_context(TelegramStand(telegram.url))
        self.provider = self._open.enter_context(ProviderStand(provider.url))
        self.settings: Settings = load(self.environment, Path("/nonexistent"))
        self._client: redis.Redis = connect(self.settings.ledger_redis())
        self._open.callback(self._client.close)
        self.ledger = Ledger(self._client, self.settings)
        self.trails = Trails(self._client)
        self.users = Users(self._client, self.ledger)
        self._open.callback(self._close_product)
        lines = procfile()
        for name in self._names:
            self.add(name, lines[name])
        # In parallel: most of a start is spent importing.
        with ThreadPoolExecutor(max(1, len(self._names))) as starting:
            list(starting.map(lambda name: self.programs[name].start(), self._names))

    def add(self, name: str, line: str) -> Program:
        """Return a further process of the product, not started, for a command line; the stack closes it."""
        ready = next(said for part, said in _READY.items() if part in line)
        program = Program(shlex.split(line), ready=ready, env=self.environment, cwd=ROOT)
        self.programs[name] = program
        self._product.append(program)
        return program

    def _close_product(self) -> None:
        # In parallel: a worker's end is mostly waiting for its threads.
        with ThreadPoolExecutor(max(1, len(self._product))) as closing:
            list(closing.map(Program.close, self._product))

    @property
    def bot_id(self) -> int:
        """The bot's user id, the part of its token before the colon."""
        return BOT_ID

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
