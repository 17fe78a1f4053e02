"""Retention in a directory and in S3: what is too old goes, what a job under way needs stays."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest

from config.settings import Settings
from jobs.model import Artifact, Job, Kind, Origin, Request
from ledger.admission import Accepted
from ledger.artifacts import artifacts_in_use
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from media.backends import Store, open_store
from media.links import Links
from media.retention import Retention
from sandbox.admission import admit_once
from sandbox.s3 import S3Stand

DAYS = 7


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Stand]:
    with S3Stand() as started:
        yield started


@pytest.fixture(params=["directory", "s3"])
def settings(request: pytest.FixtureRequest, s3: S3Stand, tmp_path: Path) -> Settings:
    place: dict[str, Any] = {"media_url": str(tmp_path)}
    if request.param == "s3":
        place = s3.settings(request.node.name.partition("[")[0])
    return Settings(**place, media_ttl_days=DAYS)


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings.media_url, settings)


def day(ago: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}"


def put(store: Store, *keys: str) -> None:
    for key in keys:
        obstore.put(store, key, b"fox")


def names(store: Store) -> set[str]:
    return {each["path"] for page in obstore.list(store) for each in page}


def round_of(settings: Settings, in_use: Callable[[], set[str]] = set, batch: int = 1000) -> int:
    return Retention(settings, in_use, batch).round()


def test_what_is_too_old_is_removed(settings: Settings, store: Store) -> None:
    """Given files of many days, I expect those to go whose day ended over seven days ago."""
    old = {f"{day(DAYS + 1)}/a.png", f"{day(DAYS + 1)}/b.mp4", f"{day(400)}/c.png"}
    young = {f"{day(ago)}/{ago}.png" for ago in (0, 1, DAYS)}
    foreign = {"2020-01/a.png", "backup/2020-01-01.rdb", "readme", "2020-13-01/x", "20200101/x"}
    put(store, *old, *young, *foreign)
    assert round_of(settings) == len(old)
    assert names(store) == young | foreign
    assert round_of(settings) == 0


def test_a_round_is_bounded_and_the_next_goes_on(settings: Settings, store: Store) -> None:
    """Given five old files and rounds of two, I expect three rounds, the oldest day first."""
    put(store, *(f"{day(ago)}/{ago}.png" for ago in range(20, 25)))
    assert [round_of(settings, batch=2) for _ in range(4)] == [2, 2, 1, 0]
    put(store, f"{day(30)}/x.png", f"{day(20)}/y.png")
    round_of(settings, batch=1)
    assert names(store) == {f"{day(20)}/y.png"}


def test_for_ever_is_for_ever(settings: Settings, store: Store) -> None:
    put(store, "2001-01-01/a.png")
    for_ever = Settings(media_url=settings.media_url, s3_endpoint_url=settings.s3_endpoint_url)
    assert round_of(for_ever) == 0
    assert names(store) == {"2001-01-01/a.png"}


def test_what_a_job_under_way_needs_stays(settings: Settings, store: Store, redis_url: str) -> None:
    """Given old files, one of a job that is still owed to its chat, and one that is being animated, I expect
    these two to stay until their jobs have ended, however long that takes."""
    with connect(redis_url) as client:
        ledger = Ledger(client, Settings())
        many = Settings(redis_url=redis_url, active_jobs=99)
        ended, owed, source = (stored(many, ledger, name) for name in ("ended", "owed", "source"))
        for job in (ended, source):
            delivering = ledger.claim(job.id, "a worker", Stage.DELIVER)
            assert delivering is not None
            ledger.delivered(delivering, "file id")
        moving = admitted(many, "moving", source.id)
        files = {each.artifact.key for each in (ended, owed, source) if each.artifact}
        put(store, *files)

        def in_use() -> set[str]:
            return artifacts_in_use(client)

        assert round_of(settings, in_use) == 1
        assert names(store) == {f"{day(30)}/owed.png", f"{day(30)}/source.png"}
        ledger.cancel(moving.id, 1)
        assert round_of(settings, in_use) == 1
        assert names(store) == {f"{day(30)}/owed.png"}


def test_what_killed_workers_left_half_written_goes_with_its_day(tmp_path: Path) -> None:
    """Given pieces that no store lists, I expect those of an old day to go, with the folder, and no other."""
    for ago in (DAYS, DAYS + 1):
        folder = tmp_path / day(ago)
        folder.mkdir()
        (folder / "fox.png").write_bytes(b"fox")
        (folder / "cat.png#1").write_bytes(b"c")
    settings = Settings(media_url=str(tmp_path), media_ttl_days=DAYS)
    assert round_of(settings) == 1
    assert [path.name for path in tmp_path.iterdir()] == [day(DAYS)]
    assert (tmp_path / day(DAYS) / "cat.png#1").exists()


def test_a_link_does_not_outlive_its_file(s3: S3Stand) -> None:
    """Given a file that is removed within hours, I expect the link's time to say so."""
    settings = Settings(**s3.settings("links"), media_ttl_days=DAYS, media_link_hours=168)
    store = open_store(settings.media_url, settings)
    today, last, gone = (Artifact(f"{day(ago)}/fox.png", "image/png", 3) for ago in (0, DAYS, DAYS + 1))
    put(store, today.key, last.key, gone.key)
    fresh, short = Links(settings).to(today), Links(settings).to(last)
    assert fresh is not None
    assert short is not None
    assert fresh.seconds == 168 * 3600
    assert short.seconds <= 24 * 3600
    with pytest.raises(FileNotFoundError):
        Links(settings).to(gone)


def admitted(settings: Settings, name: str, source: str = "") -> Job:
    request = Request(Kind.IMAGE, "sketch", name, source=source)
    answer = admit_once(settings, name, request, Origin(1, 1, 1), fresh=True)
    assert isinstance(answer, Accepted)
    return answer.job


def stored(settings: Settings, ledger: Ledger, name: str) -> Job:
    """A job whose picture of thirty days ago is in the store."""
    admitted(settings, name)
    job = ledger.claim(name, "a worker", Stage.GENERATE)
    assert job is not None
    job = ledger.storing(ledger.running(ledger.submitting(job), f"prediction of {job.id}"))
    job, _ = ledger.stored(job, Artifact(f"{day(30)}/{name}.png", "image/png", 3))
    return job
