"""What admins decide, on a real Redis: grants, switches, the log, the register, broadcasts, statistics."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import redis

from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger import keys
from ledger.admin.audit_log import KEPT, AuditLog
from ledger.admin.broadcasts import RETURNS, Broadcasts, Phase, Start, WriteOutcome
from ledger.admin.controls import Controls
from ledger.admin.statistics import Statistics
from ledger.admin.vips import Vips
from ledger.admission import Accepted, Blocked
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.people import People
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions
from sandbox.admission import BlockingAdmission

ADMIN, ANN, BOB = 1, 7_000_000_001, 7_000_000_002
RATES = {Tier.REGULAR: Rate(10 / 60, 10)}
NEWS = "n" * 20


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def door(
    settings_for: Callable[..., Settings], admission_for: Callable[..., BlockingAdmission]
) -> Callable[[int, str], object]:
    """Ask for a picture: `door(user, job_id)`."""
    admission = admission_for(settings_for(), RATES)

    def ask(user: int, job_id: str) -> object:
        request = Request(Kind.IMAGE, "sketch", f"a fox for {job_id}")
        return admission.admit(job_id, request, Origin(user, user, 1), price_usd=0.25)

    return ask


@pytest.fixture
def broadcasts(client: "redis.Redis", settings_for: Callable[..., Settings]) -> Broadcasts:
    return Broadcasts(client, settings_for(lease_s=30.0))


def today() -> date:
    return datetime.now(UTC).date()


def test_a_grant_holds_until_its_last_day_and_moves_jobs_to_the_vip_lane(
    client: "redis.Redis", door: Callable[[int, str], object]
) -> None:
    vips = Vips(client)
    vips.grant(ANN, today(), by=ADMIN)
    assert vips.until(ANN) == today()
    answer = door(ANN, "fox")
    assert isinstance(answer, Accepted)
    assert (answer.job.tier, answer.job.lane) == (Tier.VIP, Lane.VIP)
    vips.grant(ANN, today() - timedelta(days=1), by=ADMIN)
    assert vips.until(ANN) is None
    assert vips.all() == []
    later = door(ANN, "later")
    assert isinstance(later, Accepted)
    assert later.job.lane is Lane.IMG


def test_grants_are_listed_by_their_end_and_revoked_once(client: "redis.Redis") -> None:
    vips = Vips(client)
    vips.grant(ANN, date(2090, 2, 1), by=ADMIN)
    vips.grant(BOB, date(2090, 1, 1), by=ADMIN)
    assert vips.all() == [(BOB, date(2090, 1, 1)), (ANN, date(2090, 2, 1))]
    assert vips.revoke(BOB, by=ADMIN)
    assert not vips.revoke(BOB, by=ADMIN)
    assert vips.all() == [(ANN, date(2090, 2, 1))]


def test_a_blocked_user_gets_no_job_until_unblocked(
    client: "redis.Redis", door: Callable[[int, str], object]
) -> None:
    controls = Controls(client)
    assert controls.block(ANN, by=ADMIN)
    assert not controls.block(ANN, by=ADMIN)
    assert isinstance(door(ANN, "fox"), Blocked)
    assert controls.is_blocked(ANN)
    assert controls.unblock(ANN, by=ADMIN)
    assert isinstance(door(ANN, "fox"), Accepted)


def test_a_paused_lanes_jobs_wait_and_go_on_after_it(
    client: "redis.Redis", settings_for: Callable[..., Settings], door: Callable[[int, str], object]
) -> None:
    controls, ledger = Controls(client), Ledger(client, settings_for())
    waiting = QueuePositions(client, Workers(client))
    answer = door(ANN, "fox")
    assert isinstance(answer, Accepted)
    controls.pause(Lane.IMG, by=ADMIN)
    assert controls.paused() == {"img"}
    assert ledger.claim("fox", "a worker", Stage.GENERATE) is None
    place = waiting.place(answer.job, 4.0)
    assert place is not None
    assert (place.position, place.paused, place.shown) == (1, True, -1)
    controls.resume(Lane.IMG, by=ADMIN)
    assert ledger.claim("fox", "a worker", Stage.GENERATE) is not None


def test_every_deed_is_in_the_log_with_who_whom_and_when(client: "redis.Redis") -> None:
    Vips(client).grant(ANN, date(2090, 2, 1), by=ADMIN)
    Controls(client).block(BOB, by=2)
    Controls(client).pause(Lane.VID, by=2)
    latest = AuditLog(client).latest()
    assert [(deed.who, deed.what, deed.whom, deed.detail) for deed in latest] == [
        (2, "pause", "vid", ""),
        (2, "block", str(BOB), ""),
        (ADMIN, "vip grant", str(ANN), "2090-02-01"),
    ]
    assert all(deed.when and abs(deed.when.timestamp() - time.time()) < 60 for deed in latest)


def test_the_log_tells_what_was_done_to_one_user(client: "redis.Redis") -> None:
    """Given two users' entries with many others after and between them, I expect one user's alone, newest
    first, no more than asked for; and those of a lane in the same way."""
    controls = Controls(client)
    controls.block(ANN, by=ADMIN)
    controls.block(BOB, by=ADMIN)
    for _ in range(30):
        controls.pause(Lane.VID, by=2)
        controls.resume(Lane.VID, by=2)
    controls.unblock(ANN, by=2)
    log = controls.log
    assert [(deed.who, deed.what) for deed in log.latest(50, str(ANN))] == [(2, "unblock"), (ADMIN, "block")]
    assert [deed.what for deed in log.latest(1, str(ANN))] == ["unblock"]
    assert [deed.what for deed in log.latest(3, Lane.VID)] == ["resume", "pause", "resume"]
    assert log.latest(50, "5") == []


def test_the_log_keeps_the_latest_thousand(client: "redis.Redis") -> None:
    with client.pipeline() as pipe:
        for _ in range(KEPT):
            pipe.xadd(keys.audit(), {"who": 1, "what": "old", "whom": "", "detail": ""})
        pipe.execute()
    Controls(client).block(ANN, by=ADMIN)
    assert client.xlen(keys.audit()) == KEPT
    assert AuditLog(client).latest(1)[0].what == "block"


def test_the_register_knows_who_can_be_written_to(client: "redis.Redis") -> None:
    """Only those who wrote in private can be; who blocks the bot drops out until seen again."""
    people = People(client)
    people.seen(ANN, ANN, "en")
    people.seen(BOB, -100, "ru")
    assert people.count() == 1
    bob = people.get(BOB)
    assert bob is not None
    assert (bob.language, bob.chat, bob.reachable) == ("ru", 0, False)
    people.unreachable(ANN)
    assert people.count() == 0
    people.seen(ANN, ANN, "ru")
    ann = people.get(ANN)
    assert ann is not None
    assert (ann.language, ann.reachable, ann.first_seen <= ann.last_seen) == ("ru", True, True)
    assert people.get(5) is None


def test_statistics_count_jobs_lanes_cache_and_spend(
    client: "redis.Redis", settings_for: Callable[..., Settings], door: Callable[[int, str], object]
) -> None:
    ledger, statistics = Ledger(client, settings_for()), Statistics(client, RATES)
    for user, job_id in ((ANN, "first"), (ANN, "second"), (BOB, "third")):
        door(user, job_id)
    claimed = ledger.claim("first", "a worker", Stage.GENERATE)
    assert claimed is not None
    ledger.running(ledger.submitting(claimed), "prediction")
    # The third is given out before the second (fair shares), and is older now.
    client.zadd(keys.since(Lane.IMG), {"third": int(time.time() * 1000) - 60_000})
    client.hincrby(keys.counts(), "admissions:cached", 1)
    statistics.prompt_refused()
    seen = statistics.overview()
    assert seen.active == {State.ACCEPTED: 2, State.RUNNING: 1}
    assert seen.lanes[Lane.IMG].waiting == 2
    assert 60 <= seen.lanes[Lane.IMG].oldest_s < 70
    assert (seen.lanes[Lane.VID].waiting, seen.lanes[Lane.DELIVER].waiting) == (0, 0)
    assert (seen.requests, seen.cached, seen.prompts_refused) == (4, 1, 1)
    assert seen.spend_usd == {"sketch": 0.25}
    assert seen.ended == {State.CANCELLED: 0, State.DELIVERED: 0, State.FAILED: 0}


def test_a_bucket_is_seen_as_admission_sees_it(
    client: "redis.Redis", door: Callable[[int, str], object]
) -> None:
    statistics = Statistics(client, RATES)
    assert statistics.bucket(ANN, Tier.VIP) is None
    for number in range(3):
        door(ANN, f"fox-{number}")
    bucket = statistics.bucket(ANN, Tier.REGULAR)
    assert bucket is not None
    assert 7 <= bucket.tokens < 7.5
    assert bucket.size == 10


def begun(broadcasts: Broadcasts, client: "redis.Redis", users: int) -> None:
    people = People(client)
    for user in range(1, users + 1):
        people.seen(user, user, "en")
    broadcasts.draft(NEWS, "news", 1, "en")
    assert broadcasts.start(NEWS, 5, by=ADMIN) is Start.BEGUN


def test_each_user_is_taken_once_by_many_workers_at_a_time(
    broadcasts: Broadcasts, client: "redis.Redis"
) -> None:
    begun(broadcasts, client, 40)

    def work(_: int) -> list[int]:
        taken = []
        while user := broadcasts.take(NEWS, 1):
            taken.append(user)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [user for each in pool.map(work, range(4)) for user in each]
    assert sorted(taken) == list(range(1, 41))
    assert broadcasts.take(NEWS, 1) == 0


def test_a_turn_that_was_left_is_given_out_anew_and_the_old_one_is_shut_out(
    broadcasts: Broadcasts, client: "redis.Redis"
) -> None:
    begun(broadcasts, client, 3)
    assert broadcasts.take(NEWS, 1) == 1
    assert broadcasts.revive() is None
    client.hset(keys.broadcast(NEWS), "due", 0)
    assert broadcasts.revive() == (NEWS, 2)
    assert broadcasts.revive() is None
    assert broadcasts.take(NEWS, 1) is None
    assert not broadcasts.put_back(NEWS, 1, 1)
    assert broadcasts.pass_on(NEWS, 1) == 0
    assert broadcasts.take(NEWS, 2) == 2
    assert broadcasts.pass_on(NEWS, 2) == 3


def test_a_user_is_put_back_a_few_times_and_then_passed_over(
    broadcasts: Broadcasts, client: "redis.Redis"
) -> None:
    begun(broadcasts, client, 2)
    for _ in range(RETURNS - 1):
        assert broadcasts.take(NEWS, 1) == 1
        assert broadcasts.put_back(NEWS, 1, 1)
    assert broadcasts.take(NEWS, 1) == 1
    assert not broadcasts.put_back(NEWS, 1, 1)
    broadcasts.count(NEWS, WriteOutcome.FAILED)
    assert broadcasts.take(NEWS, 1) == 2
    assert broadcasts.put_back(NEWS, 1, 2)


def test_one_broadcast_at_a_time(broadcasts: Broadcasts, client: "redis.Redis") -> None:
    begun(broadcasts, client, 1)
    other = "o" * 20
    broadcasts.draft(other, "more news", 1, "en")
    assert broadcasts.start(NEWS, 5, by=ADMIN) is Start.AGAIN
    assert broadcasts.start(other, 6, by=ADMIN) is Start.BUSY
    assert broadcasts.start("g" * 20, 6, by=ADMIN) is Start.GONE
    broadcasts.draft(NEWS, "changed", 1, "en")
    running = broadcasts.current()
    assert running is not None
    assert (running.id, running.text, running.total) == (NEWS, "news", 1)
    assert broadcasts.stop(NEWS, by=ADMIN)
    assert not broadcasts.stop(NEWS, by=ADMIN)
    assert broadcasts.take(NEWS, 1) is None
    assert broadcasts.current() is None
    assert broadcasts.start(other, 6, by=ADMIN) is Start.BEGUN
    broadcasts.done(other)
    found = broadcasts.get(other)
    assert found is not None
    assert found.phase is Phase.DONE
    assert client.ttl(keys.broadcast(other)) > 0
    deeds = [(deed.what, deed.whom) for deed in AuditLog(client).latest()]
    assert deeds == [("broadcast", other), ("broadcast stop", NEWS), ("broadcast", NEWS)]


def test_a_draft_is_dropped_once_and_cannot_be_started_then(broadcasts: Broadcasts) -> None:
    broadcasts.draft(NEWS, "news", 1, "en")
    assert broadcasts.drop(NEWS)
    assert not broadcasts.drop(NEWS)
    assert broadcasts.start(NEWS, 5, by=ADMIN) is Start.AGAIN
