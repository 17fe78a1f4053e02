"""The trail that a job leaves in the ledger: all that happens to it, by whom, bounded and not for ever."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
import redis

from config.settings import Settings
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Origin, Request
from ledger import keys
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage, Unheard
from ledger.lua_source import TRAIL_KEPT
from ledger.trail import Trails
from sandbox.admission import BlockingAdmission

FOX = Request(Kind.IMAGE, "sketch", "a red fox in the snow")
ANN = Origin(user=7_000_000_001, chat=7_000_000_001, reply_to=5)
PICTURE = Artifact("2026-11/x.png", "image/png", 1234)


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return replace(settings_for(lease_s=0.3, heartbeat_s=0.1), active_jobs=1000)


@pytest.fixture
def ledger(client: "redis.Redis", settings: Settings) -> Ledger:
    return Ledger(client, settings)


@pytest.fixture
def admit(
    settings: Settings, ledger: Ledger, admission_for: Callable[..., BlockingAdmission]
) -> Callable[..., None]:
    door = admission_for(settings)

    def take(job_id: str, *, fresh: bool = True) -> None:
        assert isinstance(door.admit(job_id, FOX, ANN, fresh=fresh), Accepted)
        ledger.published(job_id)

    return take


@pytest.fixture
def happened(client: "redis.Redis", ledger: Ledger) -> Callable[[str], list[tuple[str, str]]]:
    """What happened to a job, by whom; the times must be in order."""

    def read(job_id: str) -> list[tuple[str, str]]:
        job = ledger.get(job_id)
        assert job
        events = Trails(client).of(job)
        assert all(before.at <= after.at for before, after in pairwise(events))
        return [(event.what, event.who) for event in events]

    return read


def claim(ledger: Ledger, job_id: str, owner: str, stage: Stage = Stage.GENERATE) -> Job:
    job = ledger.claim(job_id, owner, stage)
    assert job
    return job


def test_everything_that_happens_is_there_and_lasts_as_long_as_the_record(
    client: "redis.Redis", ledger: Ledger, admit: Callable[..., None], happened: Callable[..., object]
) -> None:
    """Given a submission that was throttled once, a hand-over, and a delivery that was put off."""
    admit("fox")
    job = ledger.submitting(claim(ledger, "fox", "one"))
    job = ledger.submitting(ledger.unsent(job))
    job = ledger.running(job, "p1")
    ledger.posted(job, 6)
    ledger.release(job)
    job = ledger.storing(claim(ledger, "fox", "two"))
    ledger.stored(job, PICTURE)
    ledger.release(claim(ledger, "fox", "three", Stage.DELIVER), again_in_s=1)
    ledger.delivered(claim(ledger, "fox", "three", Stage.DELIVER), "file")
    assert happened("fox") == [
        ("accepted", ""),
        ("queued", ""),
        ("claimed", "one"),
        ("submitting", ""),
        ("unsent", ""),
        ("submitting", ""),
        ("running", ""),
        ("posted", ""),
        ("released", "one"),
        ("resumed", "two"),
        ("storing", ""),
        ("stored", ""),
        ("delivering", "three"),
        ("put_off", "three"),
        ("resumed", "three"),
        ("delivered", ""),
    ]
    assert client.ttl(keys.trail("fox")) == client.ttl(keys.job("fox")) > 0


@pytest.mark.parametrize(("unheard", "event"), [(None, "told"), (Unheard.GONE, "unheard")])
def test_a_failure_that_was_told(
    ledger: Ledger,
    admit: Callable[..., None],
    happened: Callable[..., list[tuple[str, str]]],
    unheard: Unheard | None,
    event: str,
) -> None:
    admit("fox")
    ledger.failed(claim(ledger, "fox", "one"), Failure.REFUSED)
    ledger.told(claim(ledger, "fox", "three", Stage.DELIVER), unheard)
    assert happened("fox")[-3:] == [("failed", ""), ("telling", "three"), (event, "")]


def test_a_webhook_and_a_wish_to_cancel_leave_their_marks(
    ledger: Ledger, admit: Callable[..., None], happened: Callable[..., list[tuple[str, str]]]
) -> None:
    admit("fox")
    ledger.unknown(ledger.submitting(claim(ledger, "fox", "one")))
    assert ledger.adopt("fox", "p1")
    ledger.cancel("fox", ANN.user)
    assert happened("fox")[-4:] == [
        ("unknown", ""),
        ("adopted", ""),
        ("running", ""),
        ("cancel_wanted", ""),
    ]


def test_whoever_shares_a_result_names_whose(
    ledger: Ledger, admit: Callable[..., None], happened: Callable[..., list[tuple[str, str]]]
) -> None:
    for job_id in ("fox", "heir", "third"):
        admit(job_id, fresh=False)
    ledger.cancel("fox", ANN.user)
    job = ledger.running(ledger.submitting(claim(ledger, "heir", "one")), "p1")
    ledger.stored(ledger.storing(job), PICTURE)
    assert happened("heir")[:4] == [
        ("accepted", ""),
        ("sharing", "job:fox"),
        ("queued", "job:fox"),
        ("claimed", "one"),
    ]
    assert happened("third") == [("accepted", ""), ("sharing", "job:fox"), ("stored", "job:heir")]


def test_a_lease_that_lapses_over_and_over_fills_no_memory(
    client: "redis.Redis", ledger: Ledger, admit: Callable[..., None], happened: Callable[..., object]
) -> None:
    """Given a job that is taken and dropped without end, its latest events are kept, and they lapse with time
    even where the job is never closed."""
    admit("fox")
    ledger.submitting(claim(ledger, "fox", "one"))
    for _ in range(TRAIL_KEPT):
        ledger.due.hasten("fox")
        claim(ledger, "fox", "two")
    assert happened("fox") == [("lapsed", "two"), ("resumed", "two")] * (TRAIL_KEPT // 2)
    assert client.ttl(keys.trail("fox")) > 0


def test_a_job_without_a_trail_is_told_from_its_stamps(
    client: "redis.Redis", ledger: Ledger, admit: Callable[..., None], happened: Callable[..., object]
) -> None:
    """Given a job that an older release admitted."""
    admit("fox")
    claim(ledger, "fox", "one")
    client.delete(keys.trail("fox"))
    assert happened("fox") == [("accepted", ""), ("queued", ""), ("claimed", "")]
