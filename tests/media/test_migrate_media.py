"""`python -m media.migrate` as a process, between directories and S3: all, once, the same bytes."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import obstore
import pytest
from patience import LONG_S

from config.settings import ROOT, Settings
from media.backends import Store, open_store
from sandbox.processes import Program
from sandbox.s3 import S3Stand

MB = 1024 * 1024


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Stand]:
    with S3Stand() as started:
        yield started


@pytest.fixture
def env(s3: S3Stand, tmp_path: Path) -> dict[str, str]:
    """The settings of the stand, and a .env of nobody."""
    return {name.upper(): str(value) for name, value in s3.settings().items() if name != "media_url"}


def store(s3: S3Stand, url: str) -> Store:
    return open_store(url, Settings(**s3.settings()))


def contents(where: Store) -> dict[str, bytes]:
    paths = [each["path"] for page in obstore.list(where) for each in page]
    return {path: bytes(obstore.get(where, path).bytes()) for path in paths}


def fill(where: Store, count: int, size: int) -> dict[str, bytes]:
    """So many files of several days, no two the same."""
    random = Random(size)
    files = {
        f"2026-11-{number % 5 + 1:02}/{number:03}.png": random.randbytes(size) for number in range(count)
    }
    for key, content in files.items():
        obstore.put(where, key, content)
    return files


def command(source: str, target: str, tmp_path: Path, *more: str) -> list[str]:
    words = [sys.executable, "-m", "media.migrate", "--from", source, "--to", target]
    return [*words, "--journal", str(tmp_path / "journal.jsonl"), *more]


def run(argv: list[str], env: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = subprocess.run(
        argv, cwd=ROOT, env={"PATH": "", **env}, capture_output=True, text=True, timeout=200, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("source", "target"),
    [("{tmp}/from", "s3://media/a"), ("s3://media/b", "{tmp}/to"), ("{tmp}/from", "file://{tmp}/to"),
     ("s3://media/c", "s3://media/d")],
    ids=["directory to S3", "S3 to directory", "directory to directory", "S3 to S3"],
)  # fmt: skip
def test_all_files_arrive_as_they_are(
    source: str, target: str, s3: S3Stand, env: dict[str, str], tmp_path: Path
) -> None:
    """Given files of all sizes, I expect the same bytes at the target, and the source as it was; the second
    run finds nothing to do, and removes the source when it is told to."""
    source, target = source.format(tmp=tmp_path), target.format(tmp=tmp_path)
    old, new = store(s3, source), store(s3, target)
    files = fill(old, 12, 10_000)
    files["2026-11-24/large.mp4"] = Random(1).randbytes(12 * MB)
    files["2026-11-24/empty.bin"] = b""
    for key in list(files)[-2:]:
        obstore.put(old, key, files[key])
    argv = command(source, target, tmp_path)
    assert run(argv, env) == (0, "14 copied\n", "")
    assert contents(new) == files == contents(old)
    assert run(argv, env) == (0, "14 there already\n", "")
    assert run([*argv, "--delete"], env) == (0, "14 there already, removed from the source\n", "")
    assert contents(new) == files
    assert contents(old) == {}
    assert run(argv, env) == (0, "nothing to do\n", "")


def test_a_run_that_was_killed_goes_on(s3: S3Stand, env: dict[str, str], tmp_path: Path) -> None:
    """Given SIGKILL in the middle, I expect the next run to copy what is missing, and that alone."""
    files = fill(store(s3, str(tmp_path / "from")), 60, 300_000)
    argv = command(str(tmp_path / "from"), "s3://media/killed", tmp_path, "--delete", "--jobs", "2")
    journal = tmp_path / "journal.jsonl"
    with Program(argv, env=env, cwd=ROOT) as killed:
        deadline = time.monotonic() + LONG_S
        while not journal.exists() or len(journal.read_text().splitlines()) < 5:
            assert time.monotonic() < deadline
            assert killed.alive, killed.tail()
            time.sleep(0.01)
        killed.kill()
    left = contents(store(s3, str(tmp_path / "from")))
    assert 0 < len(left) < len(files), "it was killed too early or too late to tell anything"
    code, said, errors = run(argv, env)
    assert (code, errors) == (0, "")
    assert sum(map(int, re.findall(r"(\d+) (?:copied|there already)", said))) == len(left)
    assert contents(store(s3, "s3://media/killed")) == files
    assert contents(store(s3, str(tmp_path / "from"))) == {}


def test_what_a_kill_left_unverified_is_compared(s3: S3Stand, env: dict[str, str], tmp_path: Path) -> None:
    """Given copies that no journal knows, I expect the sound one to be kept and the bad one to be mended."""
    old, new = store(s3, str(tmp_path / "from")), store(s3, "s3://media/unverified")
    files = fill(old, 3, 1000)
    sound, bad, short = files
    obstore.put(new, sound, files[sound])
    obstore.put(new, bad, bytes(1000))
    obstore.put(new, short, files[short][:10])
    (tmp_path / "journal.jsonl").write_text('["2026-11-01/000.png", 10')
    argv = command(str(tmp_path / "from"), "s3://media/unverified", tmp_path)
    assert run(argv, env) == (0, "2 copied, 1 there already\n", "")
    assert contents(new) == files


def test_a_file_that_cannot_be_moved_is_named(s3: S3Stand, env: dict[str, str], tmp_path: Path) -> None:
    """Given a name that is taken by a file at the target, I expect exit code 1, the others moved, and the
    source of that one kept in spite of --delete."""
    old, new = store(s3, str(tmp_path / "from")), store(s3, str(tmp_path / "to"))
    files = fill(old, 10, 1000)
    (tmp_path / "to" / "2026-11-01").write_text("in the way")
    argv = command(str(tmp_path / "from"), str(tmp_path / "to"), tmp_path, "--delete")
    code, said, errors = run(argv, env)
    assert code == 1
    assert "8 copied" in said
    assert "2026-11-01/000.png: " in errors
    assert "2 files failed; start it again to go on" in errors
    assert set(contents(old)) == {key for key in files if key.startswith("2026-11-01")}
    (tmp_path / "to" / "2026-11-01").unlink()
    assert run(argv, env)[0] == 0
    assert contents(new) == files


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("ftp://x", "{tmp}", "--from must be a directory"),
        ("{tmp}", "s3://nowhere/x", "--to: The bucket does not exist"),
        ("{tmp}/a", "{tmp}/a/b", "neither lies in the other"),
        ("s3://media", "s3://media/deeper", "neither lies in the other"),
        ("s3://media/x", "s3://media/x", "neither lies in the other"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    source: str, target: str, sentence: str, env: dict[str, str], tmp_path: Path
) -> None:
    argv = command(source.format(tmp=tmp_path), target.format(tmp=tmp_path), tmp_path)
    code, said, errors = run(argv, env)
    assert (code, said) == (2, "")
    assert sentence in errors
    assert len(errors.splitlines()) == 1


def test_two_stores_with_keys_of_their_own(s3: S3Stand, tmp_path: Path) -> None:
    """Given another account for the old store, I expect its settings from the file that is named."""
    with S3Stand("archive") as other:
        files = fill(open_store("s3://archive/old", Settings(**other.settings())), 3, 1000)
        for name, stand in (("old.env", other), ("new.env", s3)):
            lines = [f"{key.upper()}={value}" for key, value in stand.settings().items()]
            (tmp_path / name).write_text("\n".join(lines))
        envs = ["--from-env", str(tmp_path / "old.env"), "--to-env", str(tmp_path / "new.env")]
        assert run([*command("s3://archive/old", "s3://media/new", tmp_path), *envs], {})[:2] == (
            0,
            "3 copied\n",
        )
        assert contents(store(s3, "s3://media/new")) == files


def test_it_explains_itself() -> None:
    code, said, _ = run([sys.executable, "-m", "media.migrate", "--help"], {})
    assert code == 0
    for word in ("--from", "--to", "--delete", "--journal", "Exit codes", "started again"):
        assert word in said
