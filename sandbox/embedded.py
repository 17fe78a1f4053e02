"""The Redis of `make run`, the demo and the tests: it asks for a password that only its owner can read."""

from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import unquote, urlsplit

import redis

from config.embedded import drawn_once, publish, published, withdraw, write_private
from sandbox.processes import Program
from sandbox.redis import READY, command, configuration


class EmbeddedRedis(Program):
    """One server on 127.0.0.1; `url` is its address, with the password.

    The password is drawn once for each folder and kept there. The server reads it from a file that only its
    owner can read: everybody can read a list of processes.

    Args:
        port: The port that it listens on.
        folder: Where its password and configuration are, with `keep` its data too; None: a temporary one.
        address: The folder in which other commands look for its address; None: it leaves none.
        keep: Whether its data outlives it.
        commands: Those of `sandbox.redis.HIDDEN` that it is to have.
        options: Further arguments of the server.
    """

    def __init__(
        self,
        port: int,
        folder: Path | None = None,
        address: Path | None = None,
        *,
        keep: bool = False,
        commands: Collection[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        self._passing = None if folder else TemporaryDirectory(prefix="darkroom-redis-")
        folder = folder or Path(self._passing.name if self._passing else "")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        password = drawn_once(folder / "password")
        self._url = f"redis://:{password}@127.0.0.1:{port}/0"
        self._address = address
        file = (folder / "server.conf").absolute()
        write_private(file, configuration(password, commands))
        super().__init__([*command(port, file, keep=keep), *options], ready=READY)

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return self._url

    def start(self) -> Self:
        """Start it, wait until it is ready, and leave its address."""
        super().start()
        if self._address:
            publish(self._address, self.url)
        return self

    def close(self, timeout: float = 10) -> None:
        """Take its address away, and end it."""
        if self._address:
            withdraw(self._address, self.url)
        super().close(timeout)
        if self._passing:
            self._passing.cleanup()


def replica_of(url: str, port: int, folder: Path, commands: Collection[str] = ()) -> EmbeddedRedis:
    """Return a server, not started, that follows the embedded one at `url` and has its password.

    Args:
        url: The address of the master.
        port: The port that the replica listens on.
        folder: Where it keeps what it has.
        commands: Those of `sandbox.redis.HIDDEN` that it is to have.
    """
    master = urlsplit(url)
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "password", unquote(master.password or ""))
    following = ("--replicaof", "127.0.0.1", str(master.port), "--repl-diskless-sync-delay", "0")
    return EmbeddedRedis(port, folder, keep=True, commands=commands, options=following)


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
