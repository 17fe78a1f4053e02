"""Restoring a backup: into an empty ledger, or in the place of another one, all at once or not at all."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import redis

from config.settings import Settings
from deploy.backup.loading import CannotRestore, belongs, load, put_in_place, workbench
from deploy.backup.manifest import Manifest
from deploy.backup.shelf import Shelf
from deploy.backup.spools import give_up
from deploy.backup.verifying import fetched
from jobs.model import VERSION
from ledger import clock, keys
from ledger.admin.broadcasts import Broadcasts
from ledger.connection import connect
from ledger.jobs import HISTORY, Ledger
from ledger.queues.reply_queue import Reply
from ledger.recovery import Restored
from ledger.users import Users
from media.store import MediaStore


@dataclass(slots=True)
class Report:
    """What was restored: keys, the states that open jobs go on from, broadcasts that were stopped, updates
    that had waited and were given up, and to how many of them the bot answers."""

    keys: int = 0
    jobs: Counter[str] = field(default_factory=Counter)
    broadcasts: int = 0
    updates: int = 0
    told: int = 0


def restore(
    shelf: Shelf, manifest: Manifest, settings: Settings, *, force: bool = False, quiet: bool = False
) -> Report:
    """Put the ledger of a backup in place. `force`: also in the place of a ledger that is not empty; `quiet`:
    nothing has happened since the backup was taken.

    Raises CannotRestore and rdb.BadSnapshot, and then nothing was changed; OSError for a store and
    redis.RedisError for a Redis that does not answer.
    """
    if manifest.record_version > VERSION:
        raise CannotRestore("the backup is of a newer Darkroom: restore it with that one")
    place = settings.ledger_redis()
    with connect(place) as client:
        _refuse_where_in_use(client, force=force)
    report = Report()
    with fetched(shelf, manifest) as data, workbench(place) as bench:
        report.keys, broadcasts = load(bench, data, manifest.db)
        db: int = bench.connection_pool.connection_kwargs["db"]
        _settle(bench, settings, manifest, broadcasts, report, quiet=quiet)
        if not quiet:
            users = Users(bench, Ledger(bench, settings))
            report.updates, report.told = give_up(place.in_db(db), settings, partial(_has_job, users))
        with connect(place) as client:
            _refuse_where_in_use(client, force=force)
        put_in_place(bench, db, place)
    return report


def _refuse_where_in_use(client: "redis.Redis", *, force: bool) -> None:
    alive: Any = client.zrangebyscore(keys.workers(), clock.ask(client), "+inf")
    if alive:
        raise CannotRestore(
            f"{len(alive)} processes are at work on this ledger ({', '.join(sorted(alive)[:3])}): "
            "stop the bot and the workers first"
        )
    if not force and any(belongs(key.encode()) for key in client.scan_iter(f"{keys.PREFIX}:*", count=1000)):
        raise CannotRestore("the ledger is not empty: --force replaces it by the backup")


def _has_job(users: Users, answer: Reply) -> bool:
    """Whether what this is an answer to has made a job that the restored ledger knows."""
    asked = (answer.origin.chat, answer.origin.reply_to)
    return any(
        (job.origin.chat, job.origin.reply_to) == asked for job in users.history(answer.origin.user, HISTORY)
    )


def _settle(
    client: "redis.Redis",
    settings: Settings,
    manifest: Manifest,
    broadcasts: list[str],
    report: Report,
    *,
    quiet: bool,
) -> None:
    media = MediaStore(settings)
    restored = Restored(client, Ledger(client, settings), Broadcasts(client, settings))
    for job in restored.open_jobs():
        artifact = None if quiet or job.artifact else media.kept(job)
        report.jobs[restored.settle(job, manifest.taken_ms, artifact, quiet=quiet)] += 1
    if not quiet:
        report.broadcasts = sum(map(restored.end_broadcast, broadcasts))
