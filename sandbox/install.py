"""`python3 sandbox/install.py demo|dev`: create or complete `.venv` for the demo or the tests.

`make` runs it with the machine's own interpreter before any package is installed. It therefore needs only the
standard library, and checks the machine first. On failure it prints the last lines of pip.
"""

import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 14)
NEEDED_MB = {"demo": 500, "dev": 1700}
"""Free disk space (MB) needed for the environment and for what pip unpacks meanwhile."""
WHAT_FOR = {"demo": "the demo and `make run`", "dev": "the tests and the checks"}
_WHEELS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")}
"""Machines for which the embedded Redis has a wheel."""


def main(part: str) -> int:
    """Install a part; return 0 when it is installed, 1 when it cannot be (the reason is printed)."""
    for problem in problems(part):
        print(problem, file=sys.stderr)
        return 1
    requirements = ROOT / f"requirements-{part}.txt"
    count = len(re.findall(r"^[\w.-]+==", requirements.read_text(encoding="utf-8"), re.MULTILINE))
    begin = time.monotonic()
    print(f"Installing {count} packages into .venv for {WHAT_FOR[part]} (once) ...", flush=True)
    if not (VENV / "bin" / "python").exists() and not _made_environment():
        return 1
    if not _installed(requirements, count):
        return 1
    size = sum(file.lstat().st_size for file in VENV.rglob("*") if not file.is_dir()) >> 20
    print(f"Done in {time.monotonic() - begin:.0f} s; .venv takes {size} MB.", flush=True)
    return 0


def problems(part: str) -> "list[str]":
    """Return the reasons why nothing can be installed here, each with its remedy."""
    found = []
    version = ".".join(map(str, sys.version_info[:2]))
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found.append(
            f"Darkroom needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}, and this is {version}; "
            f"name another one: make PYTHON=python3.12"
        )
    free = shutil.disk_usage(ROOT).free >> 20
    if free < NEEDED_MB[part]:
        found.append(f"There are {free} MB free on this disk, and setting up needs {NEEDED_MB[part]} MB.")
    if not _has_server():
        found.append(
            "There is no embedded Redis for this machine; install Valkey or Redis 7.2 or newer with your "
            "system's package manager (it must be on the PATH)."
        )
    return found


def _has_server() -> bool:
    servers = ("valkey-server", "redis-server")
    return (platform.system(), platform.machine()) in _WHEELS or any(map(shutil.which, servers))


def _made_environment() -> bool:
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        # The next run would take half an environment for a whole one.
        shutil.rmtree(VENV, ignore_errors=True)
        print(f"{made.stdout}{made.stderr}".strip(), file=sys.stderr)
        print("Python's venv does not work here (Debian, Ubuntu: apt install python3-venv).", file=sys.stderr)
    return not made.returncode


def _installed(requirements: Path, count: int) -> bool:
    """Run pip and return whether it installed all; print its progress as packages out of `count`."""
    pip = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--progress-bar",
        "off",
        "-r",
        str(requirements),
    ]
    seen, said, last = 0, "", []  # type: ignore[var-annotated]
    with subprocess.Popen(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None  # noqa: S101 - it was asked for
        for line in running.stdout:
            last = [*last[-20:], line.rstrip()]
            if line.startswith(("Collecting", "Requirement already")):
                seen += 1
                said = _progress(f"  {min(seen, count)} of {count} found", said, whole=seen % 20 == 0)
            elif line.startswith("Installing collected"):
                said = _progress("  unpacking", said, whole=True)
    _end(said)
    if running.returncode:
        print("\n".join(last), file=sys.stderr)
        print("The packages could not be installed; pip's lines above say why.", file=sys.stderr)
    return not running.returncode


def _progress(text: str, before: str, *, whole: bool) -> str:
    """Print the progress: over the last line in a terminal; elsewhere, as its own line if `whole`."""
    if sys.stdout.isatty():
        print(f"\r{text:<{len(before)}}", end="", flush=True)
    elif whole:
        print(text, flush=True)
    return text


def _end(said: str) -> None:
    if said and sys.stdout.isatty():
        print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
