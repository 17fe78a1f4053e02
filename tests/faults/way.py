"""One direction of a connection that goes through a proxy."""

import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True, eq=False)
class Way:
    """`waiting` holds chunks and the time from which each may go on."""

    source: socket.socket
    target: socket.socket
    answers: bool
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    tail: bytes = b""
    size: int = 0
    passed: int = 0
    held: bool = False
    doomed: bool = False
    ended: bool = False
    closed: bool = False


def hang_up(connection: socket.socket) -> None:
    """Close it so that the other end sees a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()
