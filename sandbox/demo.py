"""`make demo` and `make run`: their processes, their ports, and the greeting when all is ready."""

import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from config import env_file
from config.checking import look
from config.embedded import published, write_private
from config.logs.printable import printable
from config.redis_urls import place_of
from config.settings import ROOT, Settings, SettingsError, env_file_of, load
from sandbox.embedded import EmbeddedRedis, running
from sandbox.environment import free_port, is_free, next_free, stand_environment
from sandbox.processes import Program
from sandbox.reach import Reach
from sandbox.supervisor import Running, supervise

_STOP = "Ctrl-C stops everything."
_FLOWER_PASSWORD = ROOT / "data" / "flower" / "password"


def demo(environment: Mapping[str, str]) -> int:
    """Run everything here, with the stand in place of Telegram and Replicate; return the exit code."""
    page = _port(environment, "DEMO_PORT", 8080)
    ports = {name: _port(environment, name, usual) for name, usual in _SIDE_PORTS.items()}
    provider = free_port()
    page_url = f"http://127.0.0.1:{page}"
    with TemporaryDirectory(prefix="darkroom-demo-") as folder:
        address = ROOT / (environment.get("EMBEDDED_REDIS_DIR") or Settings().embedded_redis_dir)
        # The demo publishes its Redis address only if no running Redis has published one.
        where = None if running(address) else address
        embedded = EmbeddedRedis(free_port(), Path(folder) / "redis", where)
        stand = stand_environment(embedded.url, page_url, f"http://127.0.0.1:{provider}", Path(folder))
        variables = _quiet(environment) | stand
        variables |= {name: str(port) for name, port in ports.items()}
        variables |= {"DEMO": "true", "FLOWER_ADDRESS": "127.0.0.1", "FLOWER_DB": f"{folder}/flower"}
        settings = load(variables, Path(folder) / "none")
        greeting = [
            "Darkroom is ready.",
            f"Open {page_url} and write: /image a red fox in the snow",
            "",
            *_addresses(settings, embedded.url, where),
            _STOP,
        ]
        servers: dict[str, Program] = {
            "Redis": embedded,
            "the chat page": _server("stand.telegram", "--port", str(page), *_allowed(environment)),
            "the stand's provider": _server("stand.provider", "--port", str(provider)),
        }
        plan = Running(
            variables, settings, place_of(embedded.url), servers, lambda _bot: greeting, prompts=True
        )
        return supervise(plan, Reach(settings, plan.redis))


def run(environment: Mapping[str, str]) -> int:
    """Run the Procfile against the real services, with an embedded Redis in data/ unless REDIS_URL names one.

    Raises:
        SettingsError: The configuration is wrong, or Darkroom already runs here. The message lists all
            faults. It is raised before anything starts.
    """
    findings = look(environment)
    for warning in findings.warnings:
        print(printable(f"warning: {warning}"), file=sys.stderr)
    if findings.errors:
        raise SettingsError("\n".join(findings.errors))
    settings, variables = findings.settings, _quiet(environment)
    asked = {**dict.fromkeys(env_file.read_file(env_file_of(environment)).names, ""), **environment}
    for name in _SIDE_PORTS:
        usual = getattr(settings, name.lower())
        variables[name] = str(_port({name: str(usual)} if asked.get(name) else {}, name, usual))
    flower = "as FLOWER_BASIC_AUTH says"
    if not settings.flower_basic_auth:
        variables["FLOWER_BASIC_AUTH"] = f"admin:{secrets.token_urlsafe(12)}"
        write_private(_FLOWER_PASSWORD, variables["FLOWER_BASIC_AUTH"].partition(":")[2] + "\n")
        flower = f"user admin, password in {_FLOWER_PASSWORD.relative_to(ROOT)}"
    servers: dict[str, Program] = {}
    place, where = settings.ledger_redis(), None
    folder = ROOT / settings.embedded_redis_dir
    if settings.redis_url in ("", published(folder)):
        if found := running(folder):
            raise SettingsError(
                f"Darkroom runs here already, with its Redis at {_host(found)}; stop it first."
            )
        embedded = EmbeddedRedis(next_free(settings.embedded_redis_port), folder, folder, keep=True)
        servers, place, where = {"Redis": embedded}, place_of(embedded.url), folder
        variables["REDIS_URL"] = embedded.url
    reach = Reach(settings, place)
    reach.tokens()
    ports = load(variables)
    addresses = _addresses(ports, place.url, where, flower)

    def greeting(bot: str) -> Sequence[str]:
        return ["Darkroom is ready.", f"Write to your bot: https://t.me/{bot}", "", *addresses, _STOP]

    return supervise(Running(variables, ports, place, servers, greeting, prompts=False), reach)


_SIDE_PORTS = {"FLOWER_PORT": 5555, "EXPORTER_PORT": 9090}
"""Default ports that nothing else depends on: if one is taken, the next free one is used."""


def _quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of processes that share one terminal: few log lines, formatted for people."""
    set_here = env_file.read_file(env_file_of(environment)).names
    quiet = {"LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore"}
    if sys.stdout.isatty():
        quiet["LOG_FORMAT"] = "console"
    return {**{name: value for name, value in quiet.items() if name not in set_here}, **environment}


def _allowed(environment: Mapping[str, str]) -> list[str]:
    """Return the chat page's options for DEMO_HOSTS, the host names of a page published on purpose."""
    return [f"--allow-host={host}" for host in environment.get("DEMO_HOSTS", "").split(",") if host.strip()]


def _server(module: str, *options: str) -> Program:
    return Program([sys.executable, "-m", module, *options], ready=" on http", cwd=ROOT)


def _addresses(settings: Settings, redis_url: str, folder: Path | None, flower: str = "") -> list[str]:
    """Return the lines that tell where workers, metrics and Redis are found.

    They hold no password: for an embedded Redis they name the file that does.
    """
    host = _host(redis_url)
    if folder is not None:
        host += f", password in {folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}/url"
    return [
        f"Workers  http://127.0.0.1:{settings.flower_port}" + (f" ({flower})" if flower else ""),
        f"Metrics  http://127.0.0.1:{settings.exporter_port}/metrics",
        f"Redis    {host}",
        "",
    ]


def _host(url: str) -> str:
    return ", ".join(each.rpartition("@")[2].rpartition("//")[2].partition("/")[0] for each in url.split(";"))


def _port(environment: Mapping[str, str], setting: str, usual: int) -> int:
    """Return the free port that a setting names; without the setting, the usual port or the next free one.

    Raises:
        SettingsError: The setting is no port, or its port is taken.
    """
    text = environment.get(setting)
    if not text:
        return next_free(usual)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SettingsError(f"{setting} must be a port from 1 to 65535, not {text!r}.")
    if not is_free(int(text)):
        raise SettingsError(f"Port {text} is taken. Set {setting} to a free one: {setting}={int(text) + 1}")
    return int(text)
