"""`python -m sandbox` as somebody types it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT
from sandbox.processes import Program

LONGEST_S = 200.0
"""Longest wait for a whole stack to start, do its work and end, beside others on a small machine."""


def sandbox(*options: str, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Program:
    """`python -m sandbox ...`, not started."""
    variables = {"PYTHONPATH": str(ROOT), **(environment or {})}
    return Program([sys.executable, "-m", "sandbox", *options], cwd=cwd, env=variables)


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
