"""The demo and the single-machine run: the Procfile under honcho, and what it needs beside it."""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import redis
from honcho.manager import Manager
from honcho.printer import Printer

from config.embedded import published
from config.redis_urls import RedisPlace, place_of
from config.settings import ROOT, Settings, SettingsError, load, require
from jobs.connection import connect
from jobs.errors import LedgerUnavailable
from jobs.model import Lane
from jobs.workers import Workers
from sandbox.embedded import EmbeddedRedis, running
from sandbox.environment import free_port, is_free, next_free, on_path, stand_environment
from sandbox.processes import Program
from sandbox.stack import procfile

DEFAULT_PORT = 8080
Server = Program | EmbeddedRedis


def demo(environment: Mapping[str, str]) -> int:
    """Everything here, with the stand in place of Telegram and Replicate; returns the exit code."""
    page = _port(environment, "DEMO_PORT", DEFAULT_PORT)
    flower = _port(environment, "FLOWER_PORT", 5555)
    provider_port = free_port()
    page_url = f"http://127.0.0.1:{page}"
    with TemporaryDirectory(prefix="darkroom-demo-") as folder:
        address = _address_folder(environment)
        # The demo's address is left only where no other Redis has left its own.
        embedded = EmbeddedRedis(
            Path(folder) / "redis", free_port(), None if running(address) else address, keep=False
        )
        stand = stand_environment(
            embedded.url, page_url, f"http://127.0.0.1:{provider_port}", Path(folder)
        ) | {
            "DEMO": "true",
            "FLOWER_PORT": str(flower),
            "FLOWER_ADDRESS": "127.0.0.1",
            "FLOWER_DB": f"{folder}/flower",
            "EXPORTER_PORT": str(_exporter_port(environment, 9090)),
            "LOG_LEVEL": environment.get("LOG_LEVEL", "WARNING"),
        }
        servers: list[Server] = [
            embedded,
            _server("sandbox.telegram", "--port", str(page), ready=" on http"),
            _server("sandbox.provider", "--port", str(provider_port), ready=" on http"),
        ]
        ready = lambda: _answers(page_url) and _served(place_of(embedded.url))  # noqa: E731
        hello = f"Darkroom is ready. Open {page_url} and write: /image a red fox in the snow"
        return _run({**environment, **stand}, servers, ready, hello)


def run(environment: Mapping[str, str]) -> int:
    """The Procfile against the real services; an embedded Redis in data/ unless REDIS_URL names one."""
    settings = load(environment)
    require(settings, "telegram_token", "replicate_api_token")
    flower = _port(environment, "FLOWER_PORT", settings.flower_port)
    exporter = _exporter_port(environment, settings.exporter_port)
    variables = {**environment, "FLOWER_PORT": str(flower), "EXPORTER_PORT": str(exporter)}
    view = f"Flower shows the workers at http://127.0.0.1:{flower}"
    if not settings.flower_basic_auth:
        password = variables["FLOWER_BASIC_AUTH"] = f"admin:{secrets.token_urlsafe(12)}"
        view += f", for this run to {password.replace(':', ' with the password ')}"
    servers: list[Server] = []
    place = settings.ledger_redis()
    folder = _address_folder(environment)
    if settings.redis_url in ("", published(folder)):
        if found := running(folder):
            where = place_of(found).url.rpartition("@")[2]
            raise SettingsError(f"Darkroom runs here already, with its Redis at {where}; stop it first.")
        embedded = EmbeddedRedis(folder, next_free(settings.embedded_redis_port), folder, keep=True)
        variables["REDIS_URL"] = embedded.url
        place = place_of(embedded.url)
        servers.append(embedded)
    hello = f"Darkroom is ready. Write to your bot in Telegram. {view}."
    return _run(variables, servers, lambda: _served(place), hello)


def _run(
    environment: Mapping[str, str], servers: Sequence[Server], ready: Callable[[], bool], hello: str
) -> int:
    """Run the Procfile under honcho until one process ends or Ctrl-C; it ends the others.

    The servers come first and go last: a worker that stops writes to Redis what others need to go on.
    """
    os.chdir(ROOT)
    manager = Manager(Printer(sys.stdout))
    variables = on_path({**environment, "PYTHONUNBUFFERED": "1"})
    for name, line in procfile().items():
        manager.add_process(name, f"exec {line}", env=variables, cwd=str(ROOT))
    with ExitStack() as running:
        for server in servers:
            running.enter_context(server)
        threading.Thread(target=_announce, args=(ready, hello), daemon=True).start()
        manager.loop()
    return int(manager.returncode or 0)


def _address_folder(environment: Mapping[str, str]) -> Path:
    return ROOT / (environment.get("EMBEDDED_REDIS_DIR") or Settings().embedded_redis_dir)


def _server(module: str, *options: str, ready: str) -> Program:
    return Program([sys.executable, "-m", module, *options], ready=ready, cwd=ROOT)


def _announce(ready: Callable[[], bool], hello: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if ready():
            print(f"\n  {hello}\n  Ctrl-C stops everything.\n", flush=True)
            return
        time.sleep(0.2)
    print("\n  Not ready after two minutes; the lines above say why.\n", flush=True)


def _port(environment: Mapping[str, str], setting: str, default: int) -> int:
    text = environment.get(setting) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"{setting} must be a port from 1 to 65535, not {text!r}.")
    if not is_free(int(text)):
        raise SettingsError(f"Port {text} is taken. Set {setting} to a free one: {setting}={int(text) + 1}")
    return int(text)


def _exporter_port(environment: Mapping[str, str], default: int) -> int:
    """Nobody opens it by hand: where the usual port is taken (mostly by Prometheus), any other will do."""
    if environment.get("EXPORTER_PORT") or is_free(default):
        return _port(environment, "EXPORTER_PORT", default)
    return free_port()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _served(place: RedisPlace) -> bool:
    """Whether each lane has a worker."""
    client: redis.Redis = connect(place)
    try:
        return all(Workers(client).slots(lane) for lane in Lane)
    except LedgerUnavailable:
        return False
    finally:
        client.close()
