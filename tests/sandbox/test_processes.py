"""sandbox.processes: programs that start, report, and end with their owner."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import LONG_S

from sandbox.processes import Program

SLEEPER = "import sys, time; print('listening on http://127.0.0.1:1', flush=True); time.sleep(60)"


def _gone(pid: int, within: float = 5) -> bool:
    return _eventually(lambda: not Path(f"/proc/{pid}").exists() or _state(pid) == "Z", within)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _eventually(condition: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_program_is_ready_when_its_line_appears_and_gone_after_the_block() -> None:
    """Given a readiness line with a url, I get the url, and nothing runs after the `with`."""
    with Program([sys.executable, "-c", SLEEPER], ready=r"on (?P<url>http://\S+)") as program:
        assert program.url == "http://127.0.0.1:1"
        assert program.alive
        pid = program.pid
    assert _gone(pid)


def test_a_program_that_dies_early_shows_its_log() -> None:
    """When a program exits before it is ready, the error holds its exit code and its last words."""
    program = Program([sys.executable, "-c", "print('no such setting'); raise SystemExit(3)"], ready="never")
    with pytest.raises(RuntimeError, match=r"ended with 3 [\s\S]*no such setting"):
        program.start()
    program.close()


def test_a_program_that_never_gets_ready_is_killed() -> None:
    """When the line doesn't come in time, I get a TimeoutError and no process."""
    program = Program([sys.executable, "-c", SLEEPER], ready="never", timeout=2)
    with pytest.raises(TimeoutError, match=r"listening on"):
        program.start()
    assert not program.alive
    program.close()


def test_signals_stop_continue_and_kill(tmp_path: Path) -> None:
    """A stopped program holds still and goes on; a killed one can be started again, its log goes on."""
    program = Program([sys.executable, "-c", SLEEPER], ready="listening", log=tmp_path / "log")
    with program:
        program.stop()
        assert _eventually(lambda: _state(program.pid) == "T", LONG_S)
        program.continue_()
        assert _eventually(lambda: _state(program.pid) != "T", LONG_S)
        program.kill()
        assert program.returncode == -signal.SIGKILL
        program.start()
        assert program.terminate() == -signal.SIGTERM
    assert program.log_text.count("listening") == 2


def test_children_are_killed_with_the_program(tmp_path: Path) -> None:
    """kill() takes a worker's own children along."""
    code = (
        "import subprocess, sys, time; "
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print('child', p.pid, flush=True); time.sleep(60)"
    )
    with Program([sys.executable, "-c", code], ready=r"child (?P<pid>\d+)", log=tmp_path / "log") as program:
        child = int(program.groups["pid"])
        program.kill()
        assert _gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_program_dies_with_a_killed_parent(tmp_path: Path) -> None:
    """When the owner gets SIGKILL, nobody closes anything, and still its program goes."""
    script = tmp_path / "owner.py"
    script.write_text(
        "import sys, time\n"
        "from sandbox.processes import Program\n"
        f"argv = [sys.executable, '-c', {SLEEPER!r}]\n"
        f"program = Program(argv, ready='listening', log={str(tmp_path / 'x')!r})\n"
        "print('owns', program.start().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = str(Path(__file__).parents[2])
    with Program([sys.executable, script], ready=r"owns (?P<pid>\d+)", env={"PYTHONPATH": root}) as owner:
        os.kill(owner.pid, signal.SIGKILL)
        assert _gone(int(owner.groups["pid"]))


def test_a_program_outlives_the_thread_that_asked_for_it() -> None:
    """The kernel's parent-death signal is per thread; a program started from a short-lived one stays."""
    program = Program([sys.executable, "-c", SLEEPER], ready="listening")
    starter = threading.Thread(target=program.start)
    starter.start()
    starter.join()
    assert not _gone(program.pid, within=0.3)
    program.close()
