"""Redis's users: each kind of process does its work as its own, and nothing that is not its work."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from patience import LONG_S, eventually
from watched import path_of_server

from config.settings import ROOT
from monitoring.flower import NO_FRAMES
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.stack import Stack, procfile

START = ROOT / "deploy" / "redis" / "start.sh"
ROLES = ("bot", "worker", "exporter", "flower", "backup")
WORK = {
    "bot": "bot",
    "worker-image": "worker",
    "deliver": "worker",
    "flower": "flower",
    "exporter": "exporter",
}
"""Lines of the Procfile -> the user that each of them is."""
FORBIDDEN = (
    *("CONFIG GET dir", "CONFIG SET dir /", "MODULE LIST", "DEBUG SLEEP 0", "FLUSHALL", "ACL LIST"),
    *("MONITOR", "REPLICAOF NO ONE", "SAVE", "SHUTDOWN NOSAVE", "FUNCTION FLUSH", "CLIENT LIST", "KEYS *"),
    *("SWAPDB 0 1", "MIGRATE 127.0.0.1 1 a 0 1", "SCRIPT FLUSH", "SLOWLOG GET", "CLUSTER NODES"),
)


class Server:
    """A broker as a deployment starts it, with a user for each role."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        users = folder / "users"
        lines = (f"{role} {hashlib.sha256(_word(role).encode()).hexdigest()}\n" for role in ROLES)
        users.write_text("".join(lines), encoding="utf-8")
        self.program = Program(
            ["sh", START, "broker", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder],
            ready="Ready to accept connections",
            env={
                "REDIS_MAXMEMORY": "64mb",
                "PATH": path_of_server(),
                "REDIS_PASSWORD": _word(""),
                "REDIS_USERS_FILE": str(users),
            },
        )

    def url(self, role: str) -> str:
        """The address for a role; "" is the default user."""
        return f"redis://{role}:{_word(role)}@127.0.0.1:{self.port}/0"

    def client(self, role: str) -> "redis.Redis":
        return redis.Redis.from_url(self.url(role), decode_responses=True)


def _word(role: str) -> str:
    return f"word-of-the-role-{role}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("redis"))
    with server.program:
        yield server


@pytest.mark.long
def test_a_picture_is_made_by_processes_of_which_each_is_its_own_user(server: Server, tmp_path: Path) -> None:
    """Given bot, worker, delivery, Flower and exporter, each with the password of its role alone, and all but
    the bot without the secrets of what Telegram posts, I expect a picture in the chat, the figures and the
    workers shown (in no frame), Alertmanager's silence told, a backup taken, the checks of health content,
    and no command refused."""
    with server.client("") as operator:
        operator.acl_log_reset()
    with Stack((), {"REDIS_URL": server.url(""), "FLOWER_BASIC_AUTH": "ann:words-for-flower-alone"}) as stack:
        everybody = dict(stack.environment)
        ports = {"FLOWER_PORT": str(free_port()), "EXPORTER_PORT": str(free_port())}
        ports |= {"FLOWER_DB": str(tmp_path / "flower")}
        ann = stack.telegram.new_user("Ann")
        # Nobody posts to this exporter, so that it tells its chat.
        ports |= {"WATCHDOG_S": "1", "ALERT_CHAT_ID": str(ann), "WATCHDOG_SECRET": "words-of-the-watchdog"}
        told = {"BOT_MODE": "webhook", "WEBHOOK_URL": "https://bot.example.com", "WEBHOOK_SECRET": ""}
        for name, role in WORK.items():
            stack.environment = everybody | ports | {"REDIS_URL": server.url(role)}
            if role != "bot":
                stack.environment |= told
            stack.add(name, procfile()[name]).start()
        stack.telegram.send(ann, "/image a red fox")
        eventually(lambda: bool((jobs := stack.users.history(ann)) and jobs[0].told), LONG_S)
        assert "delivered" in stack.users.history(ann)[0].stamps
        eventually(lambda: "Alertmanager is down" in json.dumps(stack.telegram.messages(ann)), LONG_S)
        metrics = httpx.get(f"http://127.0.0.1:{ports['EXPORTER_PORT']}/metrics", trust_env=False).text
        assert 'redis_up{role="ledger"} 1.0' in metrics
        workers = f"http://127.0.0.1:{ports['FLOWER_PORT']}/api/workers?refresh=1"
        as_ann = httpx.Client(auth=("ann", "words-for-flower-alone"), trust_env=False, timeout=LONG_S)
        with as_ann:
            eventually(lambda: "image@" in as_ann.get(workers).text)
            # The page, and the answer to somebody without the password: neither may be framed.
            page = as_ann.get(f"http://127.0.0.1:{ports['FLOWER_PORT']}/")
        refused_page = httpx.get(f"http://127.0.0.1:{ports['FLOWER_PORT']}/", trust_env=False)
        assert (page.status_code, refused_page.status_code) == (200, 401)
        for each in (page, refused_page):
            assert NO_FRAMES.items() <= {name: each.headers.get(name) for name in NO_FRAMES}.items()
        as_backup = {**everybody, **told, "BACKUP_URL": str(tmp_path / "backups")}
        as_backup["REDIS_URL"] = server.url("backup")
        assert _run("deploy.backup", "create", environment=as_backup) == ""
        assert _run("deploy.health.backup", "13h", environment=as_backup) == ""
        as_worker = {**everybody, **told, "REDIS_URL": server.url("worker")}
        assert _run("deploy.health.worker", environment=as_worker) == ""
        refused = {name: stack.programs[name].log_text for name in WORK}
        assert [name for name, log in refused.items() if "NOPERM" in log or "permission" in log.lower()] == []
    with server.client("") as operator:
        assert operator.acl_log() == []


def _run(module: str, *arguments: str, environment: dict[str, str]) -> str:
    """Run a command of ours; return what it said where it failed, else ""."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    return f"{ended.returncode}: {ended.stderr}" if ended.returncode else ""


@pytest.mark.parametrize("role", ROLES)
def test_nobody_rules_the_server(server: Server, role: str) -> None:
    """Given any role, I expect what would take the server over, empty it or watch others refused."""
    with server.client(role) as client:
        assert client.ping()
        for line in FORBIDDEN:
            # DEBUG is not there for anybody, and says so itself.
            with pytest.raises(redis.ResponseError, match=r"no permissions|not allowed"):
                client.execute_command(*line.split())


@pytest.mark.parametrize(
    ("role", "line"),
    [
        ("exporter", "SET darkroom:job:fox 1"),
        ("exporter", "DEL darkroom:job:fox"),
        ("exporter", "LPUSH img 1"),
        ("exporter", "HSET darkroom:job:fox state delivered"),
        ("exporter", "EVAL return 0"),
        ("exporter", "PUBLISH darkroom:wake:x cancel"),
        ("backup", "SET darkroom:job:fox 1"),
        ("backup", "FLUSHDB"),
        ("backup", "RESTORE fox 0 x"),
        ("flower", "HGETALL darkroom:job:fox"),
        ("flower", "SET darkroom:job:fox 1"),
        ("flower", "SYNC"),
        ("bot", "SYNC"),
        ("bot", "FLUSHDB"),
        ("worker", "FLUSHDB"),
    ],
)
def test_what_is_not_a_roles_work_is_refused(server: Server, role: str, line: str) -> None:
    with server.client(role) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*line.split())


def test_a_strangers_password_is_refused(server: Server) -> None:
    with (
        redis.Redis(port=server.port, username="bot", password=_word("worker")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("king " + "0" * 64, "users.acl has no role king"),
        ("bot\n", "bot has no password"),
        ("bot hunter2\n", "bot has something that is no SHA-256"),
        ("../bot x\n", "each line must be a role and the SHA-256"),
    ],
)
def test_a_wrong_file_of_users_is_said(tmp_path: Path, text: str, says: str) -> None:
    users = tmp_path / "users"
    users.write_text(text, encoding="utf-8")
    variables = {"PATH": path_of_server(), "REDIS_PASSWORD": "x", "REDIS_MAXMEMORY": "64mb"}
    ended = subprocess.run(
        ["sh", START, "broker"],
        env=variables | {"REDIS_USERS_FILE": str(users)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 64
    assert says in ended.stderr
    assert "hunter2" not in ended.stderr
