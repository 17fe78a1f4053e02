"""Media in S3 (moto's server as a process): kept, given, linked to, and the whole way of a job."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from patience import LONG_S
from tasks_stage import Stage, eventually, stage
from test_storage import MB, job, picture, zeros

from config.settings import Settings
from jobs.errors import PassingError
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admission import Accepted, Cached, Hit
from ledger.jobs import Stage as Claim
from ledger.jobs import Way
from media.links import Links
from media.store import MediaStore
from sandbox.s3 import S3Stand
from tasks.slots import Slot


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Stand]:
    with S3Stand() as started:
        yield started


@pytest.fixture
def settings(s3: S3Stand, request: pytest.FixtureRequest) -> Settings:
    """Each test keeps its media under a prefix of its own."""
    return Settings(**s3.settings(request.node.name.partition("[")[0]), media_max_bytes=32 * MB)


def under(s3: S3Stand, settings: Settings) -> list[str]:
    """The files of a test, without their prefix."""
    prefix = settings.media_url.rpartition("/")[2] + "/"
    return [name.removeprefix(prefix) for name in s3.names() if name.startswith(prefix)]


# The store.


def test_an_output_is_kept_byte_by_byte(s3: S3Stand, settings: Settings) -> None:
    """Given a picture of several parts in odd pieces, I expect the very bytes, and a seekable file."""
    content = picture(size=2000)
    assert len(content) > 11 * MB
    store = MediaStore(settings)
    artifact = store.keep(job(), (content[at : at + 77_777] for at in range(0, len(content), 77_777)))
    assert artifact == Artifact("2026-11-02/fox.png", "image/png", len(content))
    assert store.holds(artifact)
    assert under(s3, settings) == [artifact.key]
    with store.open(artifact) as file:
        assert file.read() == content
        file.seek(5)
        assert file.read(9) == content[5:14]


@pytest.mark.parametrize("megabytes", [1, 12])
def test_an_upload_that_breaks_off_leaves_nothing(s3: S3Stand, settings: Settings, megabytes: int) -> None:
    """Given a body that is cut short half-way, I expect no file, no unfinished upload, and the older file."""
    store = MediaStore(settings)
    older = store.keep(job(), [picture()])
    with pytest.raises(PassingError, match="cut short"):
        store.keep(job(), zeros(megabytes, then=PassingError("cut short")))
    assert s3.unfinished() == []
    assert under(s3, settings) == [older.key]
    assert store.holds(older)


def test_what_is_not_kept_is_said_to_be_gone(settings: Settings) -> None:
    gone = Artifact("2026-11-02/cat.png", "image/png", 10)
    assert not MediaStore(settings).holds(gone)
    with pytest.raises(FileNotFoundError):
        MediaStore(settings).open(gone)
    with pytest.raises(FileNotFoundError):
        Links(settings).to(gone)


def test_anybody_can_download_from_a_link(settings: Settings) -> None:
    """Given a kept picture, I expect its link to give the bytes and their type to a client without keys."""
    artifact = MediaStore(settings).keep(job(), [picture()])
    link = Links(settings).to(artifact)
    assert link is not None
    assert link.seconds == 24 * 3600
    answer = httpx.get(link.url, trust_env=False)
    assert (answer.content, answer.headers["content-type"]) == (picture(), "image/png")
    assert settings.s3_secret_access_key not in link.url


def test_a_directory_gives_no_links(tmp_path: Path) -> None:
    settings = Settings(media_url=str(tmp_path / "never"))
    assert Links(settings).to(Artifact("2026-11-02/fox.png", "image/png", 10)) is None
    assert not (tmp_path / "never").exists(), "asking for a link has made the directory"


# The way of a job.


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, s3: S3Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("none"), **s3.settings("stage")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    whole_stage.take_charge()
    yield whole_stage
    whole_stage.telegram.clear_faults()


def test_the_way_of_a_job(scene: Stage, s3: S3Stand) -> None:
    """Given media in S3, I expect a picture to come to its chat from there, and to be set in motion."""
    source = scene.job("a red fox")
    scene.work()
    done = scene.now(source)
    assert done.state is State.DELIVERED
    assert done.artifact is not None
    assert f"stage/{done.artifact.key}" in s3.names()
    message = scene.message(source)
    assert message["media"]["kind"] == "photo"
    assert len(scene.telegram.file(message)) == done.artifact.size

    moving = scene.job_for(source.origin, "it runs", Kind.VIDEO, source.id)
    scene.work()
    assert scene.now(moving).state is State.DELIVERED
    assert scene.provider.files()[-1]["size"] == done.artifact.size
    assert (scene.paid("a red fox"), scene.paid("it runs")) == (1, 1)


# Links in place of files.


@pytest.fixture(scope="module")
def narrow_stage(redis_server: str, s3: S3Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A Telegram that takes next to nothing."""
    settings = s3.settings("narrow") | {"telegram_upload_max_bytes": 100}
    with stage(redis_server, tmp_path_factory.mktemp("none"), **settings) as made:
        yield made


@pytest.fixture
def narrow(narrow_stage: Stage, redis_url: str) -> Iterator[Stage]:
    narrow_stage.take_charge()
    yield narrow_stage
    narrow_stage.telegram.clear_faults()


def link_in(message: dict[str, Any]) -> str:
    (url,) = [line for line in message["text"].splitlines() if line.startswith("http")]
    return str(url)


def assert_linked(narrow: Stage, job: Job) -> dict[str, Any]:
    """The job ended well, and its chat has one message of ours, with a link to the very file."""
    done = narrow.now(job)
    assert (done.state, done.told) == (State.DELIVERED, True)
    assert done.artifact is not None
    (only,) = narrow.by_bot(job)
    answer = httpx.get(link_in(only), trust_env=False).raise_for_status()
    assert len(answer.content) == done.artifact.size
    assert answer.headers["content-type"] == done.artifact.mime
    assert only["message_id"] == done.message
    return only


@pytest.mark.parametrize(
    ("language", "words", "buttons"),
    [
        (
            "en",
            "The file (1 MB) cannot be sent to this chat. This link to it works for 24 h:",
            ["Again", "Variation", "Animate"],
        ),
        (
            "ru",
            "Файл (1 МБ) в этот чат не отправить. Вот ссылка на него, она действует 24 часа:",
            ["Ещё раз", "Вариация", "Оживить"],
        ),
    ],
)
def test_what_is_too_large_for_telegram_is_a_link(
    narrow: Stage, language: str, words: str, buttons: list[str]
) -> None:
    """Given a file over the limit, I expect the status message to become a text with a link to it."""
    job = narrow.job("a large fox", language=language)
    narrow.work()
    only = assert_linked(narrow, job)
    assert only["message_id"] == job.message
    assert words in only["text"]
    assert only["text"].startswith("a large fox\n\n")
    assert only["edits"][-1]["buttons"] == buttons


def test_a_link_given_again_is_the_same_message(narrow: Stage) -> None:
    """Given edits whose answers are lost, I expect the delivery to be made again, and still one message."""
    narrow.telegram.fault("drop_answer", method="editMessageText", times=4)
    job = narrow.job("a fox linked twice")
    narrow.work()
    for _ in range(4):
        narrow.lapse(job)
        narrow.process.publisher.publish_delivery(job.id)
        narrow.work()
    only = assert_linked(narrow, job)
    assert only["message_id"] == job.message
    assert narrow.paid("a fox linked twice") == 1


def test_a_link_whose_message_was_deleted_is_sent_anew_once(narrow: Stage) -> None:
    job = narrow.job("a fox to delete")
    narrow.telegram.delete(job.origin.chat, job.message)
    narrow.work()
    assert_linked(narrow, job)
    narrow.process.publisher.publish_delivery(job.id)
    narrow.work()
    assert len(narrow.by_bot(job)) == 1


def overtaken(narrow: Stage, job: Job) -> None:
    """An edit with the job's progress is on its way, until the faults are cleared."""
    narrow.telegram.fault("delay", method="editMessageText", chat=job.origin.chat, seconds=LONG_S)
    narrow.process.delivery.progress.show(Slot(job), job.progress)
    eventually(lambda: not narrow.telegram.faults())


def linked(narrow: Stage, job: Job) -> list[bool]:
    """Whether the message was a link, from one change of that to the next: progress may be shown often."""
    versions = ["http" in (each["text"] or "") for each in narrow.message(job)["edits"]]
    return [link for link, _ in groupby(versions)]


def test_progress_that_comes_after_the_link_does_not_stay(narrow: Stage) -> None:
    """Given a slow edit of progress, made before the job's end, I expect the link again behind it."""
    job = narrow.job("a fox overtaken")
    overtaken(narrow, job)
    narrow.work()
    narrow.telegram.clear_faults()
    eventually(lambda: linked(narrow, job) == [False, True, False, True])
    assert_linked(narrow, job)


def test_progress_that_comes_before_the_link_is_written_down_does_not_stay(narrow: Stage) -> None:
    """Given a slow edit of progress that arrives between the link and the ledger's word of it, I expect the
    link again."""
    job = narrow.job("a fox nearly told")
    narrow.work(only="generate")
    giving = narrow.ledger.claim(job.id, "another", Claim.DELIVER)
    assert giving is not None
    overtaken(narrow, giving)
    narrow.process.delivery.results.give_link(Slot(giving, Claim.DELIVER))
    narrow.telegram.clear_faults()
    eventually(lambda: linked(narrow, job) == [False, True, False])
    narrow.ledger.delivered(giving, "", Way.LINK)
    eventually(lambda: linked(narrow, job) == [False, True, False, True])
    assert_linked(narrow, job)


def test_the_same_words_again_get_a_link_to_the_same_file(narrow: Stage) -> None:
    """Given a linked result in the cache, I expect others to get a link to it, and nothing to be paid."""

    def ask(hit: Hit | None = None) -> Job:
        user = narrow.telegram.new_user()
        origin = Origin(user, user, narrow.telegram.send(user, "a fox for two")["message_id"])
        request = Request(Kind.IMAGE, "sketch", "a fox for two", seed=7)
        answer = narrow.admission.admit(f"fox{user}", request, origin, hit=hit)
        assert isinstance(answer, Accepted | Cached)
        return answer.job

    first = ask()
    narrow.process.publisher.publish_generation(first)
    narrow.work()
    hit = narrow.process.records.cache.get(first.digest)
    assert hit is not None
    second = ask(hit)
    narrow.process.publisher.publish_delivery(second.id)
    narrow.work()
    assert "made a moment ago" in assert_linked(narrow, second)["text"]
    assert narrow.paid("a fox for two") == 1


def test_a_linked_picture_can_be_set_in_motion(narrow: Stage) -> None:
    source = narrow.job("a large fox to animate")
    narrow.work()
    moving = narrow.job_for(source.origin, "it runs away", Kind.VIDEO, source.id)
    narrow.work()
    artifact = narrow.now(source).artifact
    assert artifact is not None
    assert narrow.provider.files()[-1]["size"] == artifact.size
    assert narrow.now(moving).state is State.DELIVERED
    assert "http" in narrow.message(moving)["text"]


def test_a_file_that_has_vanished_before_its_delivery_ends_the_job(narrow: Stage, s3: S3Stand) -> None:
    """Given a stored picture that somebody deleted, I expect one clear message, not an endless delivery."""
    job = narrow.job("a fox to lose")
    narrow.work(only="generate")
    artifact = narrow.now(job).artifact
    assert artifact is not None
    s3.delete(f"narrow/{artifact.key}")
    narrow.work()
    now = narrow.now(job)
    assert (now.state, now.failure, now.told) == (State.FAILED, Failure.INTERNAL, True)
    assert "went wrong on our side" in narrow.message(job)["text"]


def test_a_store_that_stays_away_ends_the_delivery_in_the_end(redis_url: str, tmp_path: Path) -> None:
    """Given a store that is gone, I expect the delivery to be put off, and after an hour a clear message."""
    with S3Stand() as leaving, stage(redis_url, tmp_path, **leaving.settings()) as alone:
        job = alone.job("a fox behind a door")
        alone.work(only="generate")
        leaving.close()
        alone.work()
        assert (alone.now(job).state, alone.now(job).owner) == (State.DELIVERING, "")
        alone.redis.hincrby(keys.job(job.id), "hindered:delivering", -2 * 3_600_000)
        alone.lapse(job)
        alone.process.publisher.publish_delivery(job.id)
        alone.work()
        now = alone.now(job)
        assert (now.state, now.failure, now.told) == (State.FAILED, Failure.INTERNAL, True)
        assert "went wrong on our side" in alone.message(job)["text"]


def test_a_directory_still_says_that_it_is_too_large(redis_url: str, tmp_path: Path) -> None:
    """Given a store without links, I expect the job to fail with the clear sentence."""
    with stage(redis_url, tmp_path, telegram_upload_max_bytes=100) as local:
        job = local.job("a large fox at home")
        local.work()
        now = local.now(job)
        assert (now.state, now.failure, now.told) == (State.FAILED, Failure.TOO_LARGE, True)
        assert "too large" in local.message(job)["text"]
