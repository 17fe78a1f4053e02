"""Bare connections to a server, which say as much or as little as a test wants."""

import contextlib
import socket
from urllib.parse import urlsplit

from patience import LONG_S


def connected(url: str, says: bytes = b"") -> socket.socket:
    """Return a connection to the server at `url` that has said this much."""
    address = urlsplit(url)
    made = socket.create_connection((address.hostname, address.port or 0), timeout=LONG_S)
    made.sendall(says)
    return made


def ended(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection."""
    told = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            told += part
    return told
