"""pytest-celery's nodes over local processes: `celery_setup`, `ready`, `wait_for_log`, `kill` and `restart`
work as with containers, and no container engine is needed."""

import os
import signal as signals
from typing import Any

import celery
import redis
from pytest_celery import CeleryTestContainer

from sandbox.processes import Program

_NETWORK: dict[str, dict[str, Any]] = {"NetworkSettings": {"Networks": {}, "Ports": {}}}
"""What pytest-celery asks a container about: nothing to wait for, a process has the host's network."""


class ProcessNode(CeleryTestContainer):  # type: ignore[misc]
    """A program in the place of a container. Whoever started the program closes it."""

    def __init__(self, name: str, program: Program) -> None:
        # Not the base class's: that one asks a container engine.
        self.program = program
        self._name = name

    @property
    def id(self) -> str:
        """The process id, in the place of a container's."""
        return str(self.program.pid)

    @property
    def name(self) -> str:
        """The node's name in messages."""
        return self._name

    @property
    def status(self) -> str:
        """As an engine says it: running or exited."""
        return "running" if self.program.alive else "exited"

    @property
    def attrs(self) -> dict[str, Any]:
        """The part of an engine's description that is read."""
        return _NETWORK

    def logs(self) -> str:
        """All output so far, of every run."""
        return self.program.log_text

    def reload(self) -> None:
        """Nothing is kept here that could be out of date."""

    def ready(self) -> bool:
        """Whether it runs: a program is given out and started again only when it says that it is ready."""
        return self.program.alive

    def kill(self, signal: str | int | None = None) -> None:
        """Send a signal, by name or number; after SIGKILL (the default) the process is gone."""
        number = signals.Signals[signal] if isinstance(signal, str) else signals.Signals(signal or 9)
        if number is signals.SIGKILL:
            self.program.kill()
        else:
            os.kill(self.program.pid, number)

    def restart(self, timeout: float = 10) -> None:
        """End it, if it still runs, and start it again with the same command; returns when it is ready."""
        if self.program.alive:
            self.program.terminate(timeout)
        self.program.start()


class BrokerProcess(ProcessNode):
    """A Redis at `url`."""

    def __init__(self, program: Program, url: str) -> None:
        super().__init__("broker", program)
        self._url = url

    @property
    def client(self) -> "redis.Redis":
        """A new connection; the caller closes it."""
        return redis.Redis.from_url(self._url, decode_responses=True)

    @property
    def celeryconfig(self) -> dict[str, str]:
        """What the app needs to know about the broker."""
        return {"url": self._url, "host_url": self._url}


class WorkerProcess(ProcessNode):
    """`celery -A tasks worker -Q LANE`."""

    def __init__(self, name: str, program: Program, lane: str) -> None:
        super().__init__(name, program)
        self._lane = lane

    @staticmethod
    def version() -> str:
        """Celery's; all workers run from this environment."""
        return str(celery.__version__)

    @staticmethod
    def log_level() -> str:
        """Of its log."""
        return "INFO"

    def worker_name(self) -> str:
        """Its node name in front of the @."""
        return self._name

    def worker_queue(self) -> str:
        """The lane that it serves."""
        return self._lane
