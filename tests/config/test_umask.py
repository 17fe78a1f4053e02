"""What a process of Darkroom's makes is its owner's alone, whatever the shell that started it says."""

import subprocess
import sys

import pytest

from config.settings import ROOT


@pytest.mark.parametrize(
    "module",
    [
        "bot.__main__",
        "celeryconfig",
        "deploy.backup.__main__",
        "monitoring.configure",
        "monitoring.exporter",
        "sandbox.__main__",
        "stand.provider.settings",
        "sandbox.redis",
        "stand.telegram.__main__",
        "tasks.app",
        "media.migrate",
    ],
)
def test_files_are_their_owners(module: str) -> None:
    """Given a shell with the usual umask, when a process begins, I expect files that nobody else can read."""
    asked = subprocess.run(
        [sys.executable, "-c", f"import {module}, os; print(oct(os.umask(0)))"],
        cwd=ROOT,
        umask=0o022,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert asked.stdout == "0o77\n"
