"""The Redis of `make run`, the demo and the tests. It asks for a password that only its owner can read."""

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
    """A Redis server on 127.0.0.1; `url` is its address, with the password.

    The password is drawn once per folder and kept there. The server reads it from a file that only its owner
    can read, not from its arguments: every user of a machine can list processes.

    Args:
        port: The port to listen on.
        folder: Where the password, the configuration and (with `keep`) the data are stored; None: a temporary
            folder.
        address: The folder in which to publish the address for other commands; None: do not publish it.
        keep: Whether the data survive the server.
        commands: The commands of `sandbox.redis.HIDDEN` that this server keeps.
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
        """The server's address, with the password."""
        return self._url

    def start(self) -> Self:
        """Start the server, wait until it is ready, and publish its address."""
        super().start()
        if self._address:
            publish(self._address, self.url)
        return self

    def close(self, timeout: float = 10) -> None:
        """Withdraw the published address and stop the server."""
        if self._address:
            withdraw(self._address, self.url)
        super().close(timeout)
        if self._passing:
            self._passing.cleanup()


def replica_of(url: str, port: int, folder: Path, commands: Collection[str] = ()) -> EmbeddedRedis:
    """Return a replica, not yet started, of the embedded server at `url`, with the same password.

    Args:
        url: The address of the master.
        port: The port that the replica listens on.
        folder: Where the replica stores its password, configuration and data.
        commands: The commands of `sandbox.redis.HIDDEN` that the replica keeps.
    """
    master = urlsplit(url)
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "password", unquote(master.password or ""))
    following = ("--replicaof", "127.0.0.1", str(master.port), "--repl-diskless-sync-delay", "0")
    return EmbeddedRedis(port, folder, keep=True, commands=commands, options=following)


def running(folder: Path) -> str:
    """Return the published address of the Redis in `folder` if that Redis replies; otherwise ""."""
    url = published(folder)
    if not url:
        return ""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, ValueError):
        return ""
    return url
