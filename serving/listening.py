"""The listening socket of a server, bound before anything else so that a taken port gets a clear error."""

import resource
import socket
from contextlib import suppress

_BACKLOG = 2048
_FILES = 8192


def listener(host: str, port: int) -> socket.socket:
    """Return a listening socket, which the caller owns; raises OSError where the address cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left at 0 asyncio sets no TCP_NODELAY, and every response waits 40 ms for an ACK.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    allow_files()
    return made


def allow_files() -> None:
    """Raise the process's limit on open files to what a full backlog needs, where the limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
