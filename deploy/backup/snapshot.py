"""A snapshot of the ledger at one moment, taken as a replica does: SYNC has Redis fork and send an RDB file.

Redis pauses only for the fork (docs/backup.md has a figure), and serves requests while its child writes. SCAN
and DUMP would read each key at a different moment. A script that reads all keys would block Redis for as long
as it takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis

from ledger import clock

_CHUNK = 1 << 18
_MARK = 40


class SnapshotFailed(Exception):
    """Redis refused the snapshot or broke it off; the message says why."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The ledger's clock (Unix ms) just before the snapshot, which has all earlier changes."""

    ms: int
    redis_version: str


def moment(client: "redis.Redis") -> Moment:
    """Return the present moment, and the server's version. Call this before `stream`."""
    now = clock.ask(client)
    about: Any = client.info("server")
    # Valkey's redis_version is the version of the Redis that it descends from.
    valkey = about.get("valkey_version")
    version = f"Valkey {valkey}" if valkey else str(about["redis_version"])
    return Moment(int(now * 1000), version)


def stream(client: "redis.Redis") -> Iterator[bytes]:
    """Yield the RDB file in pieces.

    Raises:
        SnapshotFailed: Redis refuses the snapshot, breaks it off, or is silent for the client's time-out.
    """
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        # rdb-only: no stream of changes after the file (Redis 7 or later).
        # eof: Redis may send the file straight from memory to the socket.
        for option in (("rdb-only", "1"), ("capa", "eof")):
            connection.send_command("REPLCONF", *option)
            try:
                connection.read_response()
            except redis.ResponseError:
                continue
        connection.send_command("SYNC")
        # The file is not an ordinary reply, so redis-py's parser cannot read it.
        yield from _file(connection._sock)
    except (OSError, redis.RedisError) as error:
        raise SnapshotFailed(f"Redis broke the snapshot off: {error}") from error
    finally:
        # Redis treats this connection as a replica's, so it cannot be used again.
        connection.disconnect()
        pool.release(connection)


def _file(sock: Any) -> Iterator[bytes]:
    head = bytearray()
    while not head.endswith(b"\n") or not head.strip():
        if not head.strip():
            head.clear()  # Redis sends newlines to keep the connection alive while it prepares
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
