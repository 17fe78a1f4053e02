"""The environment in which Darkroom's processes meet the stand instead of the real services."""

import os
import socket
import sys
from collections import deque
from pathlib import Path

from config.embedded import drawn_once
from config.settings import ROOT

BOT_ID = 5000000001

_HELD: deque[socket.socket] = deque(maxlen=200)
"""The sockets that hold this process's ports; the oldest gives its port free when there are too many."""


def free_port() -> int:
    """Return a port for a server of ours, which the system gives to nobody else.

    On Linux a socket that is bound to it, but does not listen, keeps it while this process lives: no other
    process is given the port, neither for a server nor for a connection, and a server that asks for this very
    port gets it, again and again (all servers set SO_REUSEADDR). Elsewhere it is free at this moment.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port = int(holder.getsockname()[1])
    if sys.platform == "linux":
        if len(_HELD) == _HELD.maxlen:
            _HELD.popleft().close()
        _HELD.append(holder)
    else:
        holder.close()
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_free(port: int) -> int:
    """Return this port, or the first of the hundred after it on which a server could listen."""
    return next((each for each in range(port, min(port + 101, 65536)) if is_free(each)), 0) or free_port()


def on_path(environment: dict[str, str]) -> dict[str, str]:
    """The same environment with this Python's programs (`celery`, `python`) first on PATH."""
    programs = str(Path(sys.executable).parent)
    return {**environment, "PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"}


def stand_environment(redis_url: str, telegram_url: str, provider_url: str, folder: Path) -> dict[str, str]:
    """Variables for the bot and the workers; media goes to `folder`, and the tokens drawn for it are there.

    The stand takes any token: whoever knew it could be the bot, or have the stand post wherever they like.
    """
    return {
        "TELEGRAM_TOKEN": f"{BOT_ID}:{drawn_once(folder / 'telegram_token')}",
        "TELEGRAM_API_URL": telegram_url,
        "REDIS_URL": redis_url,
        "MEDIA_URL": str(folder / "media"),
        "MODELS_FILE": str(ROOT / "sandbox" / "models.toml"),
        "REPLICATE_API_TOKEN": f"r8_{drawn_once(folder / 'provider_token')}",
        "REPLICATE_API_URL": f"{provider_url}/v1",
    }
