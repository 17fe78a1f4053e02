"""The environment that points Darkroom's processes at the stand instead of the real services."""

import os
import socket
import sys
from collections import deque
from pathlib import Path

from config.embedded import drawn_once
from config.settings import ROOT

BOT_ID = 5000000001

_HELD: deque[socket.socket] = deque(maxlen=200)
"""The sockets that reserve this process's ports; beyond 200 the oldest releases its port."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that the system gives to no other process.

    On Linux a bound socket that does not listen reserves the port while this process lives: the system gives
    it to no other server or connection. A server that asks for exactly this port still gets it, any number of
    times, because all our servers set SO_REUSEADDR. On other systems the port is only free at this moment.
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
    """Return whether a server could listen on this port of 127.0.0.1."""
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
    """Return the environment with this Python's programs (`celery`, `python`) first on PATH."""
    programs = str(Path(sys.executable).parent)
    return {**environment, "PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"}


def stand_environment(redis_url: str, telegram_url: str, provider_url: str, folder: Path) -> dict[str, str]:
    """Return the variables that point the bot and the workers at the stand.

    Media go to `folder`, which also keeps the tokens that are drawn for it. They are random because the stand
    accepts any token: somebody who could guess one could act as the bot, or have the stand send requests to
    any address.
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
