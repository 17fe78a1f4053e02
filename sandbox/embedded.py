"""The Redis of `make run` and the demo: it asks for a password, and leaves its address for other commands."""

import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from config.embedded import publish, published, withdraw, write_private
from sandbox.processes import Program
from sandbox.redis import READY, command


class EmbeddedRedis:
    """A context manager around one server; `url` is its address, with the password.

    The password is drawn once for each folder and kept there. The server reads it from a file that only its
    owner can read: everybody can read a list of processes.

    Args:
        folder: Where its password and configuration are, with `keep` its data too.
        port: The port that it listens on.
        address: The folder in which other commands look for its address; None: it leaves none.
        keep: Whether its data outlives it.
    """

    def __init__(self, folder: Path, port: int, address: Path | None, *, keep: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        password = _password(folder / "password")
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        self._address = address
        configuration = folder / "server.conf"
        write_private(configuration, f'requirepass "{password}"\n')
        self._program = Program(command(port, folder if keep else None, configuration), ready=READY)

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._program.alive

    def __enter__(self) -> Self:
        self._program.start()
        if self._address:
            publish(self._address, self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._address:
            withdraw(self._address, self.url)
        self._program.close()


def running(folder: Path) -> str:
    """Return the address of the Redis that was left in `folder` and answers; "" where there is none."""
    url = published(folder)
    if not url:
        return ""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, ValueError):
        return ""
    return url


def _password(file: Path) -> str:
    if file.is_file() and (kept := file.read_text(encoding="utf-8").strip()):
        return kept
    drawn = secrets.token_urlsafe(24)
    write_private(file, drawn)
    return drawn
