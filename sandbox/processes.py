"""Programs as child processes that are waited for, signalled, and never left behind.

A child gets SIGKILL from the kernel when its parent dies, however it dies (PR_SET_PDEATHSIG, Linux): an
atexit handler alone would leave Redis and workers running after a SIGKILL or a crash. The kernel means the
parent's *thread*, so all children are started from one thread that lives as long as this process; it is
also what ends the children at a normal exit. Each child leads a session of its own, so that its own
children (a worker's pool) are signalled with it and a Ctrl-C at the terminal reaches only the owner, who
then closes in order. Where there is no prctl, the owner's context manager is the only end.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_PR_SET_PDEATHSIG = 1
_LAUNCHER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")
_PRCTL: Callable[..., int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent(parent: int) -> None:
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


class Program:
    """One program: `with Program([sys.executable, "-m", "stand.telegram"], ready=...) as stand`.

    `ready` is a regular expression looked for in the output; its groups are in `groups`, and the one named
    `url` in `url`. `env` is laid over this process's environment. The output goes to `log`, or to a
    temporary file that goes with `close`. `start` may be called again after the program ended; the log is
    appended to.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        ready: str | None = None,
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        log: str | Path | None = None,
    ) -> None:
        self.argv = [str(word) for word in argv]
        self.groups: dict[str, str] = {}
        self._ready = re.compile(ready, re.MULTILINE) if ready else None
        self._timeout = timeout
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._cwd = cwd
        self._own_log = log is None
        self._log = Path(log) if log else Path(tempfile.mkstemp(prefix="program-", suffix=".log")[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start and wait for readiness; RuntimeError with the log's end if it exits first, TimeoutError
        if it takes long.
        """
        if self.alive:
            raise RuntimeError(f"{self} runs already")
        with self._log.open("ab") as output:
            begin = output.tell()
            self._process = _LAUNCHER.submit(self._spawn, output).result()
        try:
            if self._ready:
                self._await_readiness(self._ready, begin)
        except BaseException:
            self.kill()
            raise
        return self

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
            preexec_fn=partial(_die_with_parent, os.getpid()),  # noqa: PLW1509 - one looked-up C call, nothing that locks
        )

    def _await_readiness(self, ready: re.Pattern[str], begin: int) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            ended = self._running().poll() is not None
            if match := ready.search(self._read(begin)):
                self.groups = {name: value or "" for name, value in match.groupdict().items()}
                return
            if ended:
                raise RuntimeError(f"{self} ended with {self.returncode} before it was ready:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self} was not ready within {self._timeout} s:\n{self.tail()}")
            time.sleep(0.02)

    def _read(self, begin: int = 0) -> str:
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self} was not started")
        return self._process

    def __str__(self) -> str:
        return f"program `{' '.join(self.argv)}`"

    @property
    def pid(self) -> int:
        """The process id, also that of its process group."""
        return self._running().pid

    @property
    def url(self) -> str:
        """The group `url` of the readiness line."""
        return self.groups["url"]

    @property
    def log_text(self) -> str:
        """All output so far."""
        return self._read()

    def tail(self, lines: int = 30) -> str:
        """The last lines of the output."""
        return "\n".join(self._read().splitlines()[-lines:])

    @property
    def alive(self) -> bool:
        """Whether the process runs (or is stopped)."""
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal, None while it runs."""
        return self._running().poll()

    def wait(self, timeout: float) -> int:
        """Wait for the end; returns the exit code. TimeoutError after `timeout` seconds."""
        try:
            return self._running().wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self} did not end within {timeout} s:\n{self.tail()}") from None

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to the program and its children, and wait for its end."""
        if self.alive:
            self._signal(signal.SIGKILL)
            self._running().wait(10)

    def terminate(self, timeout: float = 10) -> int:
        """SIGTERM to the program alone; returns the exit code.

        After `timeout` seconds it is killed: TimeoutError.
        """
        self._running().terminate()
        try:
            return self.wait(timeout)
        except TimeoutError:
            self.kill()
            raise

    def stop(self) -> None:
        """SIGSTOP: the program hangs, its connections stay open."""
        self._signal(signal.SIGSTOP)

    def continue_(self) -> None:
        """SIGCONT: it goes on."""
        self._signal(signal.SIGCONT)

    def close(self, timeout: float = 10) -> None:
        """End it, gently first, with all it started; remove a temporary log."""
        if self.alive:
            self.continue_()
            with contextlib.suppress(TimeoutError):
                self.terminate(timeout)
            # What its children left of the group; at once, while the group's id can be nobody else's.
            self._signal(signal.SIGKILL)
        if self._own_log:
            self._log.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
