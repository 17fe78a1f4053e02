"""Copy all media from one store to another: `python -m media.migrate --from data/media --to s3://bucket/media`.

Every file is copied as a stream, read back and compared by size and SHA-256. A run that was stopped or
killed is simply started again: what is verified is written down in the journal, and not looked at again.

To move a running installation: run it, set MEDIA_URL to the new place and restart bot and workers, run it
once more for what came meanwhile, with --delete to remove what has been verified from the old place.
Keys, endpoint and region are the S3_* settings; where the two stores have different ones, --from-env
or --to-env name a file like .env that is read in place of the environment.

Exit codes: 0 all files are there; 1 some are not (listed; run it again); 2 a URL, a setting or a store's
answer that has to be mended first; 130 interrupted.
"""

import argparse
import hashlib
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from config.logs.printable import in_lines, printable
from config.media import S3Bucket, location
from config.settings import ROOT, Settings, SettingsError, load
from media.backends import Store, StoreRefused, check_store, open_store
from media.moving import Journal, Mover, StoredFile

_AT_A_TIME = 500
_MOST_FAILURES = 20
"""After so many the trouble is not with single files."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; answers the exit code."""
    options = _parser().parse_args(arguments)
    try:
        source = _open(options.source, "--from", options.source_env)
        target = _open(options.target, "--to", options.target_env)
        if _overlap(options):
            raise SettingsError("--from and --to must be two places of which neither lies in the other.")
        journal = options.journal or _journal(options.source, options.target)
        return _run(source, target, journal, options)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; start it again to go on\n")
        return 130
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"{in_lines(error)}\n")
        return 2


def _run(source: Store, target: Store, path: Path, options: argparse.Namespace) -> int:
    lock, outcomes = threading.Lock(), Counter[str]()
    failures: list[str] = []
    with Journal(path) as journal, tqdm(unit="B", unit_scale=True, disable=options.quiet or None) as bar:

        def moved(size: int) -> None:
            with lock:
                bar.update(size)

        mover = Mover(source, target, journal, moved)
        bar.total = sum(file.size for file in mover.files())

        def move(file: StoredFile) -> None:
            if len(failures) >= _MOST_FAILURES:
                return
            try:
                outcomes[mover.move(file, delete=options.delete)] += 1
            except StoreRefused:
                raise
            except OSError as error:
                failures.append(file.key)
                tqdm.write(printable(f"{file.key}: {error}"), file=sys.stderr)

        files = mover.files()
        pool = ThreadPoolExecutor(options.jobs)
        try:
            while batch := list(islice(files, _AT_A_TIME)):
                list(pool.map(move, batch))
        finally:
            pool.shutdown(cancel_futures=True)
    done = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing to do"
    sys.stdout.write(f"{done}{', removed from the source' if options.delete else ''}\n")
    if failures:
        sys.stderr.write(f"{len(failures)} files failed; start it again to go on\n")
    return 1 if failures else 0


def _open(url: str, name: str, env_file: Path | None) -> Store:
    store = open_store(url, _settings(env_file, name), name)
    try:
        check_store(store)
    except StoreRefused as error:
        raise SettingsError(f"{name}: {error}") from error
    return store


def _settings(env_file: Path | None, name: str) -> Settings:
    if env_file is None:
        return load(receives=False)
    if not env_file.is_file():
        raise SettingsError(f"{name}-env: there is no file {env_file}.")
    return load({}, env_file, receives=False)


def _overlap(options: argparse.Namespace) -> bool:
    """Whether one place lies in the other, so that a copy would be met again as a file to copy."""
    one, two = location(options.source), location(options.target)
    if isinstance(one, S3Bucket) and isinstance(two, S3Bucket):
        envs = (options.source_env, "--from"), (options.target_env, "--to")
        endpoints = {_settings(file, name).s3_endpoint_url for file, name in envs}
        left, right = f"{one.prefix}/".lstrip("/"), f"{two.prefix}/".lstrip("/")
        same = one.name == two.name and len(endpoints) == 1
        return same and (left.startswith(right) or right.startswith(left))
    if isinstance(one, S3Bucket) or isinstance(two, S3Bucket):
        return False
    here, there = (ROOT / one.path).resolve(), (ROOT / two.path).resolve()
    return here.is_relative_to(there) or there.is_relative_to(here)


def _journal(source: str, target: str) -> Path:
    name = hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()[:12]
    return ROOT / "data" / f"migrate-{name}.jsonl"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m media.migrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = "a directory, a file:// URL or s3://bucket/prefix"
    parser.add_argument("--from", dest="source", metavar="URL", required=True, help=where)
    parser.add_argument("--to", dest="target", metavar="URL", required=True, help=where)
    parser.add_argument(
        "--from-env", dest="source_env", metavar="FILE", type=Path, help="settings of the old store"
    )
    parser.add_argument(
        "--to-env", dest="target_env", metavar="FILE", type=Path, help="settings of the new store"
    )
    parser.add_argument("--delete", action="store_true", help="remove each file from --from once verified")
    parser.add_argument(
        "--jobs", type=int, choices=range(1, 33), default=4, help="files at a time: 1 to 32 (4)", metavar="N"
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="what is verified (data/migrate-*.jsonl)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


if __name__ == "__main__":
    sys.exit(main())
