"""The socket of a server of ours, bound before anything else so that a taken port is a clear sentence."""

import resource
import socket
from contextlib import suppress

_BACKLOG = 2048
_FILES = 8192


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises OSError where the address cannot be had. The caller owns it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left at 0 asyncio sets no TCP_NODELAY, and every answer waits 40 ms for an ACK.
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
    """Ask the system for as many open files as a full backlog takes, where it is configured for fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
