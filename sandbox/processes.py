"""Child processes with readiness checks and signals, never left behind.

The kernel sends a child SIGKILL when its parent dies in any way (PR_SET_PDEATHSIG, Linux). An atexit handler
alone would leave Redis and workers running after a SIGKILL or a crash. To the kernel the parent is a
*thread*, so one thread starts all children. That thread lives as long as this process, and its end kills the
children at a normal exit.

Each child leads its own session. Its own children (a worker's pool) are therefore signalled with it, and
Ctrl-C at the terminal reaches only the owner, which then closes in order. On systems without prctl, only the
owner's context manager ends the child.
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
    """A program as a child process.

    Use it as a context manager: `with Program([sys.executable, "-m", "stand.telegram"], ready=...) as stand`.
    `start` may be called again after the program ended; the log is appended to.

    Args:
        argv: The program and its arguments.
        ready: A regular expression to wait for in the output. Its groups become `groups`, the group `url`
            becomes `url`. None: ready at once.
        timeout: Longest wait for readiness (s).
        env: Variables added to this process's environment.
        cwd: The working directory.
        log: The file that gets the output; None: a temporary file, which `close` removes.
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
        """Start the program and wait until it is ready.

        Raises:
            RuntimeError: It runs already, or it exits before it is ready; the message has the log's end.
            TimeoutError: It is not ready in time.
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
        """The process id, which is also the id of its process group."""
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
        """Return the last lines of the output."""
        return "\n".join(self._read().splitlines()[-lines:])

    @property
    def alive(self) -> bool:
        """Whether the process runs (or is stopped)."""
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit code: negative for a signal, None while the program runs."""
        return self._running().poll()

    def wait(self, timeout: float) -> int:
        """Wait for the program's end and return the exit code.

        Raises:
            TimeoutError: It still runs after `timeout` seconds.
        """
        try:
            return self._running().wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self} did not end within {timeout} s:\n{self.tail()}") from None

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL to the program and its children, and wait for its end."""
        if self.alive:
            self._signal(signal.SIGKILL)
            self._running().wait(10)

    def terminate(self, timeout: float = 10) -> int:
        """Send SIGTERM to the program alone and return the exit code.

        Raises:
            TimeoutError: It still ran after `timeout` seconds and was killed.
        """
        self._running().terminate()
        try:
            return self.wait(timeout)
        except TimeoutError:
            self.kill()
            raise

    def stop(self) -> None:
        """Send SIGSTOP: the program hangs and its connections stay open."""
        self._signal(signal.SIGSTOP)

    def continue_(self) -> None:
        """Send SIGCONT: the program goes on."""
        self._signal(signal.SIGCONT)

    def close(self, timeout: float = 10) -> None:
        """Stop the program and its children, with SIGTERM first; remove a temporary log."""
        if self.alive:
            self.continue_()
            with contextlib.suppress(TimeoutError):
                self.terminate(timeout)
            # Kill the children that are left in the group at once, before the group's id can be reused.
            self._signal(signal.SIGKILL)
        if self._own_log:
            self._log.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
