"""Runs the Procfile under honcho, beside the servers that it needs, until Ctrl-C or until one ends."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Thread

from honcho.manager import Manager

from config.redis_urls import RedisPlace
from config.settings import ROOT, Settings, SettingsError
from sandbox.console import Console
from sandbox.environment import on_path
from sandbox.journal import Journal
from sandbox.processes import Program
from sandbox.reach import Reach
from sandbox.stack import procfile

_LOOK_S = 0.5
_PATIENCE_LOOKS = 30
"""Number of failed checks after which missing dependencies are reported, and again when they change."""
EXIT_FAILED = 1
_INTERRUPTED = (130, 143)


@dataclass(frozen=True, slots=True)
class Running:
    """What `supervise` runs.

    Attributes:
        environment: The variables of all processes.
        settings: The settings in `environment`, loaded.
        redis: The ledger's Redis.
        servers: Name -> a server that the processes need; started before them and stopped after them.
        greeting: Returns the lines to print when all is ready, given the bot's user name.
        prompts: Whether the lines about jobs show the prompts.
    """

    environment: Mapping[str, str]
    settings: Settings
    redis: RedisPlace
    servers: Mapping[str, Program]
    greeting: Callable[[str], Sequence[str]]
    prompts: bool


def supervise(running: Running, reach: Reach) -> int:
    """Run all processes; return 0 after Ctrl-C or SIGTERM, another exit code after a failure.

    The servers start first and stop last: a stopping worker still writes to Redis what others need.
    """
    os.chdir(ROOT)
    console = Console()
    manager = Manager(console)
    variables = on_path({**running.environment, "PYTHONUNBUFFERED": "1"})
    for name, line in procfile().items():
        manager.add_process(name, f"exec {line}", env=variables, cwd=str(ROOT))
    with ExitStack() as open_:
        for server in running.servers.values():
            open_.enter_context(server)
        journal = Journal(running.redis, running.settings, console.job, prompts=running.prompts)
        open_.callback(journal.close)
        watch = _Watch(running, reach, console)
        open_.callback(watch.close)
        manager.loop()
    if watch.failed:
        return EXIT_FAILED
    return 0 if manager.returncode in _INTERRUPTED else int(manager.returncode or EXIT_FAILED)


class _Watch:
    """A thread that reports readiness, missing dependencies, and the death of a server.

    `failed` tells whether it has stopped everything; it has then printed the reason.
    """

    def __init__(self, running: Running, reach: Reach, console: Console) -> None:
        self.failed = False
        self._running = running
        self._reach = reach
        self._console = console
        self._closing = Event()
        self._thread = Thread(target=self._run, daemon=True, name="watch")
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, without waiting for a check that still waits for a reply."""
        self._closing.set()
        self._thread.join(1)

    def _run(self) -> None:
        looks, told = 0, ""
        ready = False
        while not self._closing.wait(_LOOK_S):
            if dead := [name for name, server in self._running.servers.items() if not server.alive]:
                self._end(f"{dead[0]} has ended; everything is stopped.")
                return
            if ready:
                continue
            looks += 1
            try:
                ready = self._reach.look()
            except SettingsError as error:
                self._end(str(error))
                return
            if ready:
                self._console.box(self._running.greeting(self._reach.bot))
            elif looks >= _PATIENCE_LOOKS and (missing := self._missing()) != told:
                told = missing
                self._console.say(f"waiting for {missing}")

    def _missing(self) -> str:
        return "; ".join(f"{name}: {reason}" for name, reason in self._reach.missing.items())

    def _end(self, reason: str) -> None:
        if self._closing.is_set():
            return
        self.failed = True
        self._console.say(reason)
        # SIGTERM makes honcho stop everything in order.
        os.kill(os.getpid(), signal.SIGTERM)
