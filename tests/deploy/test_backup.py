"""Backups of real Redis servers: every kind of value, every way in which one can go wrong."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from patience import LONG_S
from watched import watched

from config.settings import ROOT, Settings
from deploy.backup import rdb
from deploy.backup.creating import create
from deploy.backup.loading import CannotRestore
from deploy.backup.manifest import dumps
from deploy.backup.restoring import restore
from deploy.backup.schedule import period
from deploy.backup.shelf import LEDGER, NoBackup, Shelf, name_at
from deploy.backup.snapshot import stream
from deploy.backup.verifying import verify
from jobs.model import Kind, Origin, Request
from ledger import keys
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.processes.workers import Sign, Workers
from sandbox.admission import BlockingAdmission, admit_once
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.s3 import S3Stand

Made = tuple[Settings, Shelf]


@pytest.fixture(scope="module")
def redis_server() -> Iterator[str]:
    """A Redis that lets nobody wait for a snapshot, and that a test may make slow or small."""
    options = ("--repl-diskless-sync-delay", "0")
    with EmbeddedRedis(free_port(), commands=("CONFIG",), options=options) as server:
        yield server.url


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client
        client.config_set("rdb-key-save-delay", 0)


@pytest.fixture
def settings(settings_for: Callable[..., Settings], tmp_path: Path) -> Settings:
    return settings_for(backup_url=str(tmp_path / "backups"), media_url=str(tmp_path / "media"))


@pytest.fixture
def shelf(settings: Settings) -> Shelf:
    return Shelf(settings.backup_url, settings)


def filled(client: "redis.Redis") -> None:
    """Values of every type in small and in large, as Redis keeps them in different encodings."""
    words = [f"word {number}" for number in range(300)]
    p = keys.PREFIX
    client.set(f"{p}:number", 12345)
    client.set(f"{p}:negative", -7)
    client.set(f"{p}:" + "a long key that repeats itself " * 20, "x" * 50_000)
    client.set(f"{p}:bytes", bytes(range(256)) * 70)
    client.set(f"{p}:brief", "1", ex=3600)
    client.pexpire(f"{p}:number", 7_200_000)
    for size in (3, 300):
        client.rpush(f"{p}:list:{size}", *words[:size], "y" * 9000)
        client.sadd(f"{p}:set:{size}", *words[:size])
        client.sadd(f"{p}:numbers:{size}", *range(size * 3))
        client.zadd(f"{p}:zset:{size}", {word: index / 3 for index, word in enumerate(words[:size])})
        client.hset(f"{p}:hash:{size}", mapping=dict.fromkeys(words[:size], "v" * size))
    client.zadd(f"{p}:infinite", {"a": float("inf"), "b": float("-inf"), "c": 1e300})
    for number in range(250):
        client.xadd(f"{p}:stream", {"n": number})
    client.xgroup_create(f"{p}:stream", "readers", "0")
    client.xreadgroup("readers", "one", {f"{p}:stream": ">"}, count=20)


def values(client: "redis.Redis") -> dict[bytes, tuple[object, object]]:
    """Every key with its value and its end (Unix seconds; None: it has none)."""
    read: dict[bytes, Callable[[bytes], object]] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"hash": client.hgetall,
        b"stream": client.xrange,
    }
    found: dict[bytes, tuple[object, object]] = {}
    for key in client.scan_iter(count=1000):
        left: Any = client.pttl(key)
        ends = pytest.approx(time.time() + left / 1000, abs=2) if left >= 0 else None
        kind: Any = client.type(key)
        found[key] = (read[kind](key), ends)
    return found


def saving(client: "redis.Redis") -> bool:
    """Whether Redis is writing a snapshot."""
    state: Any = client.info("persistence")
    return bool(state["rdb_bgsave_in_progress"])


def backup(environment: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.backup", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    names = ("redis_url", "backup_url", "media_url")
    return {name.upper(): getattr(settings, name) for name in names}


def test_what_was_saved_is_what_is_restored(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    """Given every kind of value, broker's messages, and another database, I expect a restored ledger to be
    the same in every value, its times to live too, and to have nothing else."""
    filled(client)
    before = values(client)
    client.rpush("img", "a message of the broker")
    client.set(keys.lock("sweep"), "of a process that is gone")
    with connect(settings.ledger_redis().in_db(3)) as elsewhere:
        elsewhere.set(f"{keys.PREFIX}:elsewhere", "1")
    manifest = create(shelf, settings)
    assert verify(shelf, manifest, settings).problems == []
    client.flushall()

    report = restore(shelf, shelf.manifest("latest"), settings)
    assert report.keys == len(before)
    assert values(client) == before
    pending: Any = client.xpending(f"{keys.PREFIX}:stream", "readers")
    assert pending["pending"] == 20
    assert set(client.info("keyspace")) == {"db0"}


def test_what_has_expired_meanwhile_stays_away(
    client: "redis.Redis", settings: Settings, shelf: Shelf
) -> None:
    client.set(f"{keys.PREFIX}:brief", "1", px=300)
    client.set(f"{keys.PREFIX}:lasting", "1")
    create(shelf, settings)
    deadline = time.monotonic() + LONG_S
    while client.exists(f"{keys.PREFIX}:brief"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    restore(shelf, shelf.manifest("latest"), settings, force=True)
    assert list(client.scan_iter()) == [f"{keys.PREFIX}:lasting".encode()]


def test_a_backup_is_of_one_moment(
    client: "redis.Redis",
    settings: Settings,
    shelf: Shelf,
    admission_for: Callable[..., BlockingAdmission],
) -> None:
    """Given people who are admitted without a pause while the snapshot is written, slowly, I expect the
    ledger in it to add up: as many jobs as were counted, each in every index that it belongs to."""
    text = connect(settings.ledger_redis())
    admission = admission_for(replace(settings, lane_backlog=10**6, active_jobs=10**6))
    stop = threading.Event()

    def ask(person: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            request = Request(Kind.IMAGE, "sketch", f"{person} {number}")
            admission.admit(f"{person}-{number}", request, Origin(person, person, number))

    for number in range(300):
        admission.admit(f"0-{number}", Request(Kind.IMAGE, "sketch", str(number)), Origin(9, 9, number))
    client.config_set("rdb-key-save-delay", 300)
    askers = [threading.Thread(target=ask, args=(person,)) for person in (1, 2, 3)]
    for asker in askers:
        asker.start()
    try:
        manifest = create(shelf, settings)
    finally:
        stop.set()
        for asker in askers:
            asker.join(LONG_S)
    asked = text.zcard(keys.in_state("accepted"))
    client.flushall()
    restore(shelf, manifest, settings, quiet=True)
    jobs = sum(1 for _ in text.scan_iter(f"{keys.job('')}*", count=1000))
    counted: Any = text.hget(keys.counts(), "jobs:accepted:image:regular")
    assert 300 < jobs < asked, "the snapshot was taken while people were admitted"
    assert jobs == int(counted) == text.zcard(keys.in_state("accepted"))
    assert jobs == text.zcard(keys.waiting("img")) == text.zcard(keys.due())
    text.close()


def test_a_killed_backup_does_not_count(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    """Given a backup that gets SIGKILL while Redis is sending, I expect none to be listed, the next to work,
    and Redis to stop writing."""
    for number in range(2000):
        client.set(f"{keys.PREFIX}:{number}", "x" * 2000)
    client.config_set("rdb-key-save-delay", 5000)
    environment = environment_of(settings)
    with Program([sys.executable, "-m", "deploy.backup", "create"], cwd=ROOT, env=environment) as program:
        deadline = time.monotonic() + LONG_S
        while not saving(client):
            assert time.monotonic() < deadline, program.tail()
            time.sleep(0.02)
        program.kill()
    assert backup(environment, "list").stdout == ""
    client.config_set("rdb-key-save-delay", 0)
    while saving(client):
        assert time.monotonic() < deadline, "Redis goes on for a backup that is gone"
        time.sleep(0.05)
    assert backup(environment, "create").returncode == 0
    assert len(shelf.names()) == 1


def test_half_a_backup_does_not_count_and_goes_after_a_day(
    client: "redis.Redis", settings: Settings, shelf: Shelf
) -> None:
    client.set(f"{keys.PREFIX}:a", "1")
    whole = create(shelf, settings).name
    half = name_at(datetime.now(UTC), "000000")
    shelf.put(half, LEDGER, [b"REDIS"])
    assert shelf.names() == [whole]
    assert shelf.prune(1, datetime.now(UTC)) == []
    assert shelf.prune(1, datetime.now(UTC) + timedelta(days=2)) == [half]
    assert shelf.names() == [whole]


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_harmed_backup_is_told_from_a_good_one(
    client: "redis.Redis", settings: Settings, shelf: Shelf, harm: str
) -> None:
    """Given a backup whose file was altered, cut or lost, I expect verify to say so, and restore to refuse it
    and to leave what is there."""
    filled(client)
    manifest = create(shelf, settings)
    file = Path(settings.backup_url) / manifest.name / LEDGER
    content = bytearray(file.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "cut":
        file.write_bytes(content[:-9])
    else:
        file.unlink()
    before = values(client)
    ended = backup(environment_of(settings), "verify", "all")
    assert ended.returncode == 1
    assert "BAD" in ended.stdout
    assert backup(environment_of(settings), "restore", "latest", "--force").returncode == 1
    assert values(client) == before


def test_a_harm_that_the_hash_has_not_seen_is_found_by_redis_own(client: "redis.Redis") -> None:
    """Given any single altered byte of a snapshot, I expect the reader never to take it for whole."""
    client.hset(f"{keys.PREFIX}:a", mapping={"b": "c" * 100})
    whole = b"".join(stream(client))
    assert [entry.key for entry in rdb.entries(whole)] == [f"{keys.PREFIX}:a".encode()]
    for at in range(len(whole)):
        harmed = bytearray(whole)
        harmed[at] ^= 0x55
        with pytest.raises(rdb.BadSnapshot):
            list(rdb.entries(bytes(harmed)))
    for size in range(len(whole)):
        with pytest.raises(rdb.BadSnapshot):
            list(rdb.entries(whole[:size]))


def test_a_value_has_a_version_that_redis_and_valkey_both_take(client: "redis.Redis") -> None:
    """Given a snapshot of a Redis that writes a later version, I expect values that both restore."""
    client.set(f"{keys.PREFIX}:a", "b")
    later = bytearray(b"".join(stream(client)))
    later[5:9] = b"0012"
    later[-8:] = bytes(8)  # no checksum: the header was changed
    (entry,) = rdb.entries(bytes(later))
    assert int.from_bytes(entry.dump[-10:-8], "little") == 11
    client.flushall()
    client.restore(entry.key, 0, entry.dump)
    assert client.get(entry.key) == b"b"


def test_a_ledger_that_is_in_use_is_not_replaced(
    client: "redis.Redis", settings: Settings, shelf: Shelf
) -> None:
    """I expect a ledger with jobs to need --force, and one with processes at work to be refused even so."""
    client.set(f"{keys.PREFIX}:of the backup", "1")
    manifest = create(shelf, settings)
    client.set(f"{keys.PREFIX}:of now", "1")
    client.rpush("img", "a message for a job of now")
    with pytest.raises(CannotRestore, match=r"not empty: --force replaces it"):
        restore(shelf, manifest, settings)
    with connect(settings.ledger_redis()) as text:
        workers = Workers(text)
        workers.announce(Sign("host:1:abc"), 60)
        with pytest.raises(CannotRestore, match=r"1 processes are at work .*host:1:abc.*stop the bot"):
            restore(shelf, manifest, settings, force=True)
        workers.leave("host:1:abc")
    assert client.exists(f"{keys.PREFIX}:of now")
    restore(shelf, manifest, settings, force=True)
    assert list(client.scan_iter()) == [f"{keys.PREFIX}:of the backup".encode()]


def test_a_workbench_of_somebody_elses_is_left_alone(
    client: "redis.Redis", settings: Settings, shelf: Shelf
) -> None:
    client.set(f"{keys.PREFIX}:a", "1")
    manifest = create(shelf, settings)
    client.flushall()
    with connect(settings.ledger_redis().in_db(15)) as other:
        other.set("theirs", "1")
        with pytest.raises(CannotRestore, match="database 15 of this Redis holds something else"):
            restore(shelf, manifest, settings)
        assert other.get("theirs") == "1"
        other.delete("theirs")
        other.mset({f"{keys.PREFIX}:restoring": "1", "left by a restore that was killed": "1"})
    restore(shelf, manifest, settings)
    assert list(client.scan_iter()) == [f"{keys.PREFIX}:a".encode()]


def test_a_full_redis_keeps_what_it_has(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    """Given a Redis without room for the backup beside what it holds, I expect nothing to change."""
    for number in range(200):
        client.set(f"{keys.PREFIX}:{number}", os.urandom(20_000))
    manifest = create(shelf, settings)
    before = values(client)
    used: Any = client.info("memory")
    client.config_set("maxmemory", used["used_memory"] + 1_000_000)
    try:
        with pytest.raises(CannotRestore, match=r"refuses what is in the backup: .*maxmemory"):
            restore(shelf, manifest, settings, force=True)
    finally:
        client.config_set("maxmemory", 0)
    assert values(client) == before


def test_the_oldest_go(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    client.set(f"{keys.PREFIX}:a", "1")
    made = [create(shelf, settings) for _ in range(3)]
    names = sorted(manifest.name for manifest in made)
    assert shelf.names() == names
    assert shelf.prune(2, datetime.now(UTC)) == names[:1]
    assert shelf.names() == names[1:]
    with pytest.raises(NoBackup, match=f"there is no backup {names[0]}; the latest of 2 is {names[2]}"):
        shelf.manifest(names[0])


def test_a_newer_backup_is_not_misread(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    manifest = create(shelf, settings)
    file = Path(settings.backup_url) / manifest.name / "manifest.json"
    file.write_bytes(dumps(manifest).replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(ValueError, match="it has format 2, and this Darkroom reads 1"):
        shelf.manifest("latest")


def test_the_media_list_says_what_is_gone(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    media = Path(settings.media_url) / "2026-11"
    media.mkdir(parents=True)
    for name in ("a.png", "b.png", "c.mp4"):
        (media / name).write_bytes(b"x" * 10)
    manifest = create(shelf, settings)
    (media / "b.png").unlink()
    (media / "c.mp4").write_bytes(b"shorter")
    found = verify(shelf, manifest, settings, media=True)
    assert (found.media, found.absent, found.problems) == (3, 2, [])


def test_backups_in_a_bucket(client: "redis.Redis", settings_for: Callable[..., Settings]) -> None:
    filled(client)
    before = values(client)
    with S3Stand() as stand:
        places = {"backup_url": "s3://media/backups", "media_url": "s3://media/art"}
        settings = settings_for(**(stand.settings() | places))
        shelf = Shelf(settings.backup_url, settings)
        manifest = create(shelf, settings)
        assert verify(shelf, manifest, settings).problems == []
        client.flushall()
        restore(shelf, shelf.manifest("latest"), settings)
        assert values(client) == before
        create(shelf, settings)
        shelf.prune(1, datetime.now(UTC))
        assert manifest.name not in shelf.names()
        assert not [name for name in stand.names() if manifest.name in name]


def test_sentinels_and_a_password(tmp_path: Path) -> None:
    """Given a ledger that is reached through sentinels, I expect backup and restore to be of its master, and
    its replicas to follow."""
    with watched(tmp_path) as redises:
        environment = {
            **redises.settings,
            "BACKUP_URL": str(tmp_path / "backups"),
            "MEDIA_URL": str(tmp_path / "media"),
        }
        from config.settings import load

        settings = load(environment, Path("/nonexistent"))
        with connect(settings.ledger_redis()) as client:
            ledger = Ledger(client, settings)
            admit_once(settings, "fox", Request(Kind.IMAGE, "sketch", "a fox"), Origin(1, 1, 1))
            assert backup(environment, "create").returncode == 0
            client.flushall()
            ended = backup(environment, "restore", "latest")
            assert "open jobs go on from: 1 unknown" in ended.stdout, ended.stderr
            job = ledger.get("fox")
            assert job is not None
            assert job.token > 1_000_000
            assert client.wait(2, 5000) == 2


def test_the_schedule(client: "redis.Redis", settings: Settings, shelf: Shelf) -> None:
    """Given a schedule, I expect a backup at its first start, none at the next (the last is young), and an
    end with SIGTERM."""
    command = [sys.executable, "-m", "deploy.backup", "schedule", "--every", "1h", "--keep", "3"]
    program = Program(command, ready="next backup", cwd=ROOT, env=environment_of(settings))
    with program:
        assert len(shelf.names()) == 1
        assert program.terminate() == 0
        program.start()
        assert len(shelf.names()) == 1
        os.kill(program.pid, signal.SIGTERM)
        assert program.wait(LONG_S) == 0


def test_the_schedule_goes_on_after_a_failure(settings: Settings) -> None:
    environment = environment_of(settings) | {"REDIS_URL": "redis://127.0.0.1:1/0"}
    command = [sys.executable, "-m", "deploy.backup", "schedule", "--every", "6h"]
    with Program(command, ready="backup failed", cwd=ROOT, env=environment) as program:
        assert program.alive
        assert program.terminate() == 0


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "6h30m", "-1d", "six hours"])
def test_what_is_no_period_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is no period: write 30m, 6h or 1d"):
        period(text)


def test_periods_and_names() -> None:
    assert (period("30m"), period("2d")) == (timedelta(minutes=30), timedelta(days=2))
    when = datetime(2026, 11, 24, 15, 3, 21, tzinfo=UTC)
    assert name_at(when, "abc123") == "20261124T150321000000Z-abc123"
