"""The ledger at one moment, taken as a replica takes it: SYNC has Redis fork and send an RDB file.

The fork is the only thing that Redis stops for (docs/backup.md has a figure); it goes on serving while its
child writes. SCAN and DUMP would see each key at another moment, and one script that reads all
would stop everybody for as long as it takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis

from ledger import clock

_CHUNK = 1 << 18
_MARK = 40


class SnapshotFailed(Exception):
    """Redis refused or broke off; the message says why."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The ledger's clock (Unix ms) just before the snapshot: all that happened earlier is in it."""

    ms: int
    redis_version: str


def moment(client: "redis.Redis") -> Moment:
    """Ask for it before `stream`."""
    now = clock.ask(client)
    about: Any = client.info("server")
    # Valkey gives the version of the Redis that it descends from under that name.
    valkey = about.get("valkey_version")
    version = f"Valkey {valkey}" if valkey else str(about["redis_version"])
    return Moment(int(now * 1000), version)


def stream(client: "redis.Redis") -> Iterator[bytes]:
    """The RDB file in pieces. Raises SnapshotFailed, also where Redis is silent for the client's timeout."""
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        # Only a file, no stream of changes behind it (from Redis 7), and straight from memory to the socket.
        for option in (("rdb-only", "1"), ("capa", "eof")):
            connection.send_command("REPLCONF", *option)
            try:
                connection.read_response()
            except redis.ResponseError:
                continue
        connection.send_command("SYNC")
        # The answer is no ordinary reply, so the connection's own parser cannot read it.
        yield from _file(connection._sock)
    except (OSError, redis.RedisError) as error:
        raise SnapshotFailed(f"Redis broke the snapshot off: {error}") from error
    finally:
        # Redis takes this connection for a replica's.
        connection.disconnect()
        pool.release(connection)


def _file(sock: Any) -> Iterator[bytes]:
    head = bytearray()
    while not head.endswith(b"\n") or not head.strip():
        if not head.strip():
            head.clear()  # newlines keep the connection alive while Redis prepares
        if not (byte := sock.recv(1)):
            raise SnapshotFailed("Redis closed the connection instead of sending a snapshot")
        head += byte
    line = bytes(head).strip()
    if not line.startswith(b"$"):
        raise SnapshotFailed(f"Redis sends no snapshot: {line.decode(errors='replace').lstrip('-')}")
    if line.startswith(b"$EOF:"):
        yield from _until(sock, line[5:])
    else:
        yield from _sized(sock, int(line[1:]))


def _sized(sock: Any, left: int) -> Iterator[bytes]:
    while left:
        chunk = _some(sock, min(left, _CHUNK))
        left -= len(chunk)
        yield chunk


def _until(sock: Any, mark: bytes) -> Iterator[bytes]:
    held = b""
    while True:
        held += _some(sock, _CHUNK)
        if held.endswith(mark):
            yield held[:-_MARK]
            return
        if len(held) > _MARK:
            yield held[:-_MARK]
            held = held[-_MARK:]


def _some(sock: Any, most: int) -> bytes:
    chunk: bytes = sock.recv(most)
    if not chunk:
        raise SnapshotFailed("Redis closed the connection in the middle of the snapshot")
    return chunk
