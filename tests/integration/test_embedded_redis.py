"""The Redis that `make run` and the demo bring along: who may use it, who finds it, and what it leaves."""

import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from config.embedded import published
from config.settings import ROOT, load
from sandbox.embedded import EmbeddedRedis, running
from sandbox.environment import free_port


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_it_asks_for_a_password_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder, port = tmp_path / "redis", free_port()
    with EmbeddedRedis(folder, port, folder, keep=True) as embedded:
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


def test_its_data_and_its_password_outlive_it(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    with (
        EmbeddedRedis(folder, free_port(), folder, keep=True) as first,
        redis.Redis.from_url(first.url) as client,
    ):
        client.set("kept", "1")
    with (
        EmbeddedRedis(folder, free_port(), folder, keep=True) as second,
        redis.Redis.from_url(second.url) as client,
    ):
        assert client.get("kept") == b"1"
    assert first.url.partition("@")[0] == second.url.partition("@")[0]


def test_every_command_finds_it_where_nothing_else_is_said(tmp_path: Path) -> None:
    """Given an embedded Redis, I expect settings without REDIS_URL to lead to it, and a command of ours to
    reach it; once it has ended nothing leads to it any more."""
    folder = tmp_path / "data" / "redis"
    with EmbeddedRedis(folder, free_port(), folder, keep=False) as embedded:
        assert running(folder) == embedded.url
        assert load({}, tmp_path / ".env").ledger_redis().url == embedded.url
        elsewhere = {"REDIS_URL": "redis://elsewhere:6379/0"}
        assert load(elsewhere, tmp_path / ".env").redis_url == "redis://elsewhere:6379/0"
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
    with EmbeddedRedis(folder, free_port(), folder, keep=False):
        left = (folder / "url").read_text(encoding="utf-8")
    (folder / "url").write_text(left, encoding="utf-8")
    assert running(folder) == ""


def test_one_does_not_remove_the_address_of_another(tmp_path: Path) -> None:
    address = tmp_path / "address"
    with EmbeddedRedis(tmp_path / "late", free_port(), address, keep=False) as late:
        with EmbeddedRedis(tmp_path / "early", free_port(), address, keep=False):
            (address / "url").write_text(late.url, encoding="utf-8")
        assert published(address) == late.url
