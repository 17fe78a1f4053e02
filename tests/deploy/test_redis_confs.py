"""deploy/redis: a real server with each configuration, started as a deployment starts it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from watched import path_of_server

from config.settings import ROOT
from sandbox.environment import free_port
from sandbox.processes import Program

OPEN_SHELL = ("sh", "-c", 'umask 022 && exec "$0" "$@"')
"""What it starts makes files that everybody can read, unless it sees to it."""
START = ROOT / "deploy" / "redis" / "start.sh"
PASSWORD = 'a "difficult\\ $password'


@contextmanager
def started(name: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple["redis.Redis", Program]]:
    port = free_port()
    program = Program(
        [*OPEN_SHELL, "sh", START, name, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder],
        ready="Ready to accept connections",
        env={"REDIS_MAXMEMORY": "64mb", "PATH": path_of_server(), **environment},
    )
    with program, redis.Redis(port=port, password=PASSWORD, decode_responses=True) as client:
        yield client, program


def configuration(client: "redis.Redis") -> dict[str, Any]:
    found: Any = client.config_get("*")
    return dict(found)


def test_the_broker_evicts_nothing_and_keeps_all(tmp_path: Path) -> None:
    """Given the broker's Redis, I expect it to ask for the password, to refuse writes when it is full rather
    than to drop jobs, and to have after a SIGKILL and a start what it had written down."""
    with started("broker", tmp_path, {"REDIS_PASSWORD": PASSWORD}) as (client, program):
        found = configuration(client)
        assert (found["maxmemory-policy"], found["maxmemory"]) == ("noeviction", str(64 * 2**20))
        assert (found["appendonly"], found["appendfsync"], found["save"]) == ("yes", "always", "")
        assert found["masterauth"] == PASSWORD
        client.set("kept", "1")
        client.config_set("maxmemory", "100kb")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("more", "x" * 100)
        assert client.get("kept") == "1"
        assert not _words_of(program.pid) & {PASSWORD}
        with redis.Redis(port=int(found["port"])) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        client.config_set("maxmemory", "64mb")
        client.set("written", "2")
        program.kill()
        program.start()
        assert client.mget("kept", "written") == ["1", "2"]
        # The ledger has people's prompts.
        assert [each for each in tmp_path.rglob("*") if each.stat().st_mode & 0o077] == []


def test_a_failover_cannot_write_into_the_configuration(tmp_path: Path) -> None:
    """Given a writable deploy/redis, a CONFIG REWRITE (Sentinel's) must not put the password into it."""
    before = {file.name: file.read_bytes() for file in START.parent.iterdir()}
    with (
        started("broker", tmp_path, {"REDIS_PASSWORD": PASSWORD}) as (client, _),
        pytest.raises(redis.ResponseError, match="without a config file"),
    ):
        client.config_rewrite()
    assert {file.name: file.read_bytes() for file in START.parent.iterdir()} == before


def test_the_cache_forgets_and_keeps_nothing(tmp_path: Path) -> None:
    """Given the cache's Redis with the password in a file, I expect it to make room when it is full, and to
    leave nothing on the disk."""
    secret, data = tmp_path / "secret", tmp_path / "data"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    data.mkdir()
    with started("cache", data, {"REDIS_PASSWORD_FILE": str(secret)}) as (client, _):
        found = configuration(client)
        assert (found["maxmemory-policy"], found["maxmemory"]) == ("allkeys-lru", str(64 * 2**20))
        assert (found["appendonly"], found["save"]) == ("no", "")
        client.config_set("maxmemory", "3mb")
        for number in range(300):
            client.set(f"{number}", "x" * 20_000)
        evicted: Any = client.info("stats")
        assert evicted["evicted_keys"] > 0
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        ((), {"REDIS_PASSWORD": "x"}, "say which: start.sh broker, or start.sh cache"),
        (("broker",), {}, "set REDIS_PASSWORD or REDIS_PASSWORD_FILE"),
        (("broker",), {"REDIS_PASSWORD": "x"}, "set REDIS_MAXMEMORY"),
        (("cache",), {"REDIS_PASSWORD": "x", "REDIS_PASSWORD_FILE": "/x"}, "both set; keep one of them"),
        (
            ("cache",),
            {"REDIS_PASSWORD_FILE": "/nonexistent"},
            "REDIS_PASSWORD_FILE: /nonexistent cannot be read",
        ),
    ],
)
def test_what_is_missing_is_said(arguments: tuple[str, ...], environment: dict[str, str], says: str) -> None:
    ended = subprocess.run(
        ["sh", START, *arguments],
        env={"PATH": path_of_server(), **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 64
    assert says in ended.stderr


def _words_of(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0"))
