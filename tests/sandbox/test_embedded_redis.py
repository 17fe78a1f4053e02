"""The Redis that `make run` and the demo bring along: who may use it, who finds it, and what it leaves."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from patience import LONG_S

from config.embedded import published
from config.settings import ROOT, load
from sandbox.embedded import EmbeddedRedis, running
from sandbox.environment import free_port
from sandbox.processes import Program


@pytest.fixture(scope="module")
def own() -> Iterator["redis.Redis"]:
    """The owner's client of a server of this module."""
    with EmbeddedRedis(free_port()) as server, redis.Redis.from_url(server.url) as client:
        yield client


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_it_asks_for_a_password_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder, port = tmp_path / "redis", free_port()
    with EmbeddedRedis(port, folder, folder, keep=True) as embedded:
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(embedded.url) as owner:
            assert owner.ping()
        password = urlsplit(embedded.url).password or ""
        assert len(password) >= 24
        listed = subprocess.run(
            ["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True
        ).stdout
        assert f":{port}" in listed
        assert password not in listed
        assert mode(folder) == 0o700
        assert {mode(file) for file in folder.iterdir() if file.is_file()} <= {0o600, 0o644}
        assert {mode(folder / name) for name in ("password", "server.conf", "url")} == {0o600}


@pytest.mark.parametrize(
    "words",
    [
        "CONFIG SET dir /tmp",
        "CONFIG GET requirepass",
        "MODULE LOAD /tmp/foreign.so",
        "DEBUG SLEEP 0",
        "SAVE",
        "BGSAVE",
        "FUNCTION LIST",
        "REPLICAOF 127.0.0.1 1",
        "SLAVEOF NO ONE",
        "MIGRATE 127.0.0.1 1 key 0 100",
        "CLUSTER INFO",
        "ACL SETUSER other on nopass ~* +@all",
        "MONITOR",
        "SHUTDOWN NOSAVE",
    ],
)
def test_no_command_leads_from_the_data_to_the_machine(own: "redis.Redis", words: str) -> None:
    """Given somebody who has the password, when they send a command that writes files, runs code or moves the
    data elsewhere, I expect the server not to know it, and to go on."""
    with pytest.raises(redis.ResponseError, match="unknown command"):
        own.execute_command(*words.split())  # type: ignore[no-untyped-call]
    assert own.ping()


def test_as_a_command_it_asks_for_a_password_too(tmp_path: Path) -> None:
    """Given `python -m sandbox.redis`, I expect strangers to be turned away, the way to its address to be
    told without the password, and the address to be gone with it."""
    port, folder = free_port(), tmp_path / "redis"
    argv = [sys.executable, "-m", "sandbox.redis", "--port", str(port), "--dir", str(folder)]
    with Program(argv, ready="Redis is at ", cwd=ROOT) as program:
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        url = published(folder)
        with redis.Redis.from_url(url) as owner:
            owner.set("kept", "1")
            with pytest.raises(redis.ResponseError, match="unknown command"):
                owner.config_get("dir")
        assert str(urlsplit(url).password) not in program.log_text
        assert program.terminate(LONG_S) == 0
    assert published(folder) == ""
    assert (folder / "appendonlydir").is_dir()


def test_as_a_command_it_says_why_it_cannot_run(tmp_path: Path) -> None:
    with EmbeddedRedis(free_port()) as other:
        argv = [sys.executable, "-m", "sandbox.redis", "--port", str(urlsplit(other.url).port)]
        told = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert told.returncode == 1
    assert "Address already in use" in told.stderr


def test_its_data_and_its_password_outlive_it(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    with (
        EmbeddedRedis(free_port(), folder, folder, keep=True) as first,
        redis.Redis.from_url(first.url) as client,
    ):
        client.set("kept", "1")
    with (
        EmbeddedRedis(free_port(), folder, folder, keep=True) as second,
        redis.Redis.from_url(second.url) as client,
    ):
        assert client.get("kept") == b"1"
    assert first.url.partition("@")[0] == second.url.partition("@")[0]


def test_every_command_finds_it_where_nothing_else_is_said(tmp_path: Path) -> None:
    """Given an embedded Redis, I expect settings without REDIS_URL to lead to it, and a command of ours to
    reach it; once it has ended nothing leads to it any more."""
    folder = tmp_path / "data" / "redis"
    with EmbeddedRedis(free_port(), folder, folder) as embedded:
        assert running(folder) == embedded.url
        assert load({}, tmp_path / ".env").ledger_redis().url == embedded.url
        elsewhere = "rediss://:a-password-of-another@elsewhere:6379/0"
        assert load({"REDIS_URL": elsewhere}, tmp_path / ".env").redis_url == elsewhere
        asked = subprocess.run(
            [sys.executable, "-m", "monitoring.job", "nothing"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "MODELS_FILE": str(ROOT / "config" / "models.toml")},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert asked.stderr.startswith("The ledger has no job nothing")
    assert published(folder) == ""
    assert load({}, tmp_path / ".env").ledger_redis().url == "redis://127.0.0.1:6379/0"


def test_what_a_killed_one_left_is_not_taken_for_one_that_runs(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    with EmbeddedRedis(free_port(), folder, folder):
        left = (folder / "url").read_text(encoding="utf-8")
    (folder / "url").write_text(left, encoding="utf-8")
    assert running(folder) == ""


def test_one_does_not_remove_the_address_of_another(tmp_path: Path) -> None:
    address = tmp_path / "address"
    with EmbeddedRedis(free_port(), tmp_path / "late", address) as late:
        with EmbeddedRedis(free_port(), tmp_path / "early", address):
            (address / "url").write_text(late.url, encoding="utf-8")
        assert published(address) == late.url
