"""The whole of Darkroom with everything that watches it, as processes, and an admin who is told.

Time runs sixty times as fast in the rules: a minute of `for:` or of a range is a second here, and Prometheus
scrapes and evaluates once a second. Expressions, thresholds, labels and texts are those of production.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from acceptance.person import Message, eventually
from faults.stage import PROVIDER, QUICK

from config.settings import ROOT, load
from monitoring import configure
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.stack import PRODUCT, Stack, procfile

ADMIN = 77_001
BEARER = "alertmanager-to-exporter"
FASTER = 60
_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(?<=for: )\d+[smhd]|(?<=\[)\d+[smhd](?=\])")


def found(*names: str) -> str:
    """The path of a program, under any of its names; the test is skipped where it is not installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{names[0]} is not installed (Debian: apt install prometheus prometheus-alertmanager)")


def faster(text: str) -> str:
    """The rules with all their durations divided by FASTER."""

    def divided(match: "re.Match[str]") -> str:
        return f"{int(match[0][:-1]) * _MS[match[0][-1]] // FASTER}ms"

    return _DURATION.sub(divided, text)


class Tower:
    """`programs` has the product's processes by their names in the Procfile, and those that watch them;
    `where` are the addresses of the latter."""

    def __init__(self, stack: Stack, where: Mapping[str, str]) -> None:
        self.stack = stack
        self.where = where
        self.programs = stack.programs

    def told(self, *words: str, after: int) -> Message:
        """Wait for a message to the admin, after that one (by its id), that has all these words."""

        def right(message: Message) -> bool:
            return message["message_id"] > after and _has(message, words)

        return self.stack.telegram.wait_message(ADMIN, right, timeout=45)

    def calm(self, *words: str) -> int:
        """Wait until nothing with these words is wrong any more; answers the id of the latest message."""

        def look() -> int | None:
            messages = self.stack.telegram.messages(ADMIN)
            about = [each for each in messages if _has(each, words)]
            over = not about or _has(about[-1], ("Resolved",))
            return messages[-1]["message_id"] if over else None

        return eventually(look, 45)


def _has(message: Message, words: Sequence[str]) -> bool:
    return all(word in message.get("text", "") for word in words)


@contextmanager
def built(folder: Path) -> Iterator[Tower]:
    """All processes on free ports. Skips where Prometheus or Alertmanager is not installed."""
    prometheus, alertmanager = found("prometheus"), found("prometheus-alertmanager", "alertmanager")
    cache = EmbeddedRedis(free_port())
    ports = {name: free_port() for name in ("exporter", "flower", "alertmanager", "prometheus")}
    where = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    settings = QUICK | {
        "CACHE_REDIS_URL": cache.url,
        "EXPORTER_PORT": str(ports["exporter"]),
        "FLOWER_PORT": str(ports["flower"]),
        "FLOWER_BASIC_AUTH": "operator:a secret of this tower",
        "FLOWER_DB": str(folder / "flower"),
        "ALERT_CHAT_ID": str(ADMIN),
        "WATCHDOG_S": "8",
        "WATCHDOG_SECRET": BEARER,
    }
    with ExitStack() as open_:
        stack = open_.enter_context(Stack((), settings, PROVIDER))
        stack.telegram.limits(enabled=False)
        stack.telegram.new_user("Olga", user_id=ADMIN)
        stack.telegram.send(ADMIN, "/start")
        configure.write(folder, load(stack.environment, folder / "no.env"), where)
        quicken(folder)
        tower = Tower(stack, where)

        def add(name: str, line: list[str], ready: str) -> None:
            program = Program(line, ready=ready, env=stack.environment, cwd=ROOT, timeout=60)
            tower.programs[name] = open_.enter_context(program)

        tower.programs["redis-cache"] = open_.enter_context(cache)
        for name in PRODUCT:
            stack.add(name, procfile()[name])
        for name in PRODUCT:
            stack.programs[name].start()
        add("exporter", ["python", "-m", "monitoring.exporter"], "exporting")
        add("flower", procfile()["flower"].split(), "Visit me at")
        add(
            "alertmanager",
            [
                alertmanager,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address={where['alertmanager']}",
                "--cluster.listen-address=",
            ],
            "Listening on",
        )
        add(
            "prometheus",
            [
                prometheus,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address={where['prometheus']}",
                # An alert that is not sent again counts as over after four times this: a minute by default.
                "--rules.alert.resend-delay=1s",
            ],
            "Server is ready to receive web requests",
        )
        yield tower


def quicken(folder: Path) -> None:
    """Have what was configured for production work at the tests' pace."""
    _change(folder / "recording.yml", faster)
    _change(folder / "alerts.yml", faster)
    _change(folder / "prometheus.yml", lambda text: re.sub(r"(?<=_interval: )15s", "1s", text))
    _change(folder / "alertmanager.yml", _prompt)


def _prompt(text: str) -> str:
    """Nothing is gathered for longer than a second, and the watchdog barks once a second."""
    text = re.sub(r"group_wait: \w+", "group_wait: 500ms", text)
    text = re.sub(r"group_interval: \w+", "group_interval: 1s", text)
    return text.replace("repeat_interval: 30s", "repeat_interval: 1s")


def _change(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
