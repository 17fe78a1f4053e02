"""`python -m deploy.backup create|list|verify|restore|schedule`. See docs/backup.md."""

import argparse
import sys
import time
from datetime import UTC, datetime

import redis
import structlog

from config.logs.logging import configure
from config.logs.printable import in_lines, printable
from config.settings import Settings, SettingsError, load
from deploy.backup.creating import create
from deploy.backup.loading import CannotRestore
from deploy.backup.manifest import Manifest
from deploy.backup.rdb import BadSnapshot
from deploy.backup.restoring import restore
from deploy.backup.schedule import period, run
from deploy.backup.shelf import MEDIA, NoBackup, Shelf
from deploy.backup.snapshot import SnapshotFailed
from deploy.backup.verifying import verify
from jobs.errors import LedgerUnavailable

log = structlog.get_logger(__name__)
_SAID = (SettingsError, NoBackup, SnapshotFailed, BadSnapshot, CannotRestore, LedgerUnavailable, OSError)


def main() -> int:
    """Run one command. Return 0 if it succeeded, else 1; a sentence on stderr says why."""
    options = _parser().parse_args()
    try:
        settings = load(receives=False)
        configure(settings, "backup")
        shelf = Shelf(options.url or settings.backup_url, settings)
        done: int = options.do(options, shelf, settings)
    except (*_SAID, redis.RedisError, ValueError) as error:
        print(f"deploy.backup: {in_lines(error)}", file=sys.stderr)
        return 1
    return done


def _create(options: argparse.Namespace, shelf: Shelf, settings: Settings) -> int:
    made = _make(shelf, settings, options.keep)
    print(printable(_line(made)))
    return 0


def _make(shelf: Shelf, settings: Settings, keep: int | None) -> Manifest:
    begun = time.monotonic()
    made = create(shelf, settings)
    log.info("backup made", backup=made.name, bytes=made.size, seconds=round(time.monotonic() - begun, 1))
    for name in shelf.prune(keep or settings.backup_keep, datetime.now(UTC)):
        log.info("backup removed", backup=name)
    return made


def _list(_options: argparse.Namespace, shelf: Shelf, _settings: Settings) -> int:
    for name in shelf.names():
        print(printable(_line(shelf.manifest(name))))
    return 0


def _verify(options: argparse.Namespace, shelf: Shelf, settings: Settings) -> int:
    bad = 0
    for name in shelf.names() if options.name == "all" else [options.name]:
        manifest = shelf.manifest(name)
        found = verify(shelf, manifest, settings, media=options.media)
        absent = "" if found.absent is None else f", {found.absent} of them are not in the media store"
        said = (
            "; ".join(found.problems) or f"{found.keys} keys, {found.jobs} jobs, {found.media} files{absent}"
        )
        print(printable(f"{manifest.name}  {'BAD' if found.problems else 'good'}  {said}"))
        bad += bool(found.problems)
    return 1 if bad else 0


def _restore(options: argparse.Namespace, shelf: Shelf, settings: Settings) -> int:
    manifest = shelf.manifest(options.name)
    report = restore(shelf, manifest, settings, force=options.force, quiet=options.nothing_since)
    states = ", ".join(f"{count} {state}" for state, count in sorted(report.jobs.items())) or "none"
    print(f"restored {manifest.name}: {report.keys} keys; open jobs go on from: {states}")
    if report.broadcasts:
        print(f"{report.broadcasts} broadcast(s) stopped: some users may have been written to since")
    if report.updates:
        print(
            f"{report.updates} update(s) from Telegram had been waiting, and count as dealt with: nobody can "
            f"tell. To {report.told} the bot answers 'send it again', if it is started within an hour"
        )
    return 0


def _schedule(options: argparse.Namespace, shelf: Shelf, settings: Settings) -> int:
    def last() -> datetime | None:
        names = shelf.names()
        return shelf.manifest(names[-1]).taken if names else None

    run(period(options.every), last, lambda: _make(shelf, settings, options.keep))
    return 0


def _line(manifest: Manifest) -> str:
    media = manifest.parts[MEDIA].entries
    taken = f"{manifest.taken:%Y-%m-%d %H:%M:%S} UTC"
    return f"{manifest.name}  {taken}  {manifest.size:>12} bytes  {media} media files"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.backup", description="Backups of the ledger.")
    parser.add_argument("--url", help="a directory or s3://bucket/prefix (BACKUP_URL)")
    commands = parser.add_subparsers(required=True)
    for name, do, about in (
        ("create", _create, "take a backup, and remove the oldest"),
        ("schedule", _schedule, "take one whenever the last is a period old"),
    ):
        command = commands.add_parser(name, help=about)
        command.set_defaults(do=do)
        command.add_argument("--keep", type=_positive, help="backups to keep (BACKUP_KEEP)")
        if name == "schedule":
            command.add_argument("--every", required=True, help="30m, 6h, 1d")
    commands.add_parser("list", help="those that are whole").set_defaults(do=_list)
    command = commands.add_parser("verify", help="read a backup and compare it with what was stored")
    command.set_defaults(do=_verify)
    command.add_argument("name", nargs="?", default="latest", help="its name, latest, or all")
    command.add_argument("--media", action="store_true", help="also look for its media in the store")
    command = commands.add_parser("restore", help="put the ledger of a backup in place")
    command.set_defaults(do=_restore)
    command.add_argument("name", help="its name, or latest")
    command.add_argument("--force", action="store_true", help="replace a ledger that is not empty")
    command.add_argument(
        "--nothing-since",
        action="store_true",
        help="nothing was at work since: jobs go on from where they were",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
