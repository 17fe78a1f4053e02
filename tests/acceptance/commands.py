"""`python -m sandbox` as somebody types it."""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.settings import ROOT
from sandbox.processes import Program

LONGEST_S = 200.0
"""Longest wait for a whole stack to start, do its work and end, beside others on a small machine."""


def sandbox(*options: str, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Program:
    """`python -m sandbox ...`, not started; of a shell whose files everybody can read, as is usual."""
    variables = {"PYTHONPATH": str(ROOT), **(environment or {})}
    shell = ["sh", "-c", 'umask 022 && exec "$0" "$@"', sys.executable, "-m", "sandbox"]
    return Program([*shell, *options], cwd=cwd, env=variables)


def shared(folder: Path) -> list[Path]:
    """What below a folder others than its owner may read, write or enter."""
    return [each for each in folder.rglob("*") if each.lstat().st_mode & 0o077 and not each.is_symlink()]


def sharing(pid: int) -> dict[str, str]:
    """The processes below one whose new files others may read: what runs, and its umask (Linux only)."""
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            if "\nUmask:\t0077\n" not in status:
                found[" ".join(process.cmdline())] = status
    return found


def outcome(program: Program) -> tuple[int, str]:
    """Run a program that ends by itself; its exit code and output."""
    with program:
        return program.wait(LONGEST_S), program.log_text


@dataclass(frozen=True, slots=True)
class Once:
    """A run of `--once TEXT --out folder` that was started."""

    program: Program
    folder: Path

    def outcome(self) -> tuple[int, str]:
        """Exit code and output, once it has ended."""
        return self.program.wait(LONGEST_S), self.program.log_text
