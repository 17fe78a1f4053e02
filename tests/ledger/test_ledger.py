"""The ledger on a real Redis: one way through, everything else refused, nothing counted twice."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from patience import LONG_S
from spool_stage import opened

from config.redis_urls import place_of
from config.settings import Settings
from jobs.errors import IllegalMove, LeaseLost, LedgerUnavailable
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger import keys
from ledger.admission import Accepted, Duplicate
from ledger.connection import connect
from ledger.jobs import HISTORY, Cancellation, Ledger, Stage
from ledger.processes.workers import Sign, Workers
from ledger.queue_position import QueuePositions
from ledger.users import Preferences, Users
from sandbox.admission import BlockingAdmission

FOX = Request(Kind.IMAGE, "sketch", "a red fox in the snow", {"ar": "16:9", "seed": 42}, seed=7)
ANN = Origin(user=7_000_000_001, chat=-1_002_000_000_001, reply_to=5, language="ru", thread=3)
PICTURE = Artifact("2026-11/x.png", "image/png", 1234)


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


class Book(Ledger):
    """The ledger with its door: each request wants a result of its own, and there are no limits."""

    def __init__(self, client: "redis.Redis", settings: Settings, door: BlockingAdmission) -> None:
        super().__init__(client, settings)
        self._door = door

    def admit(self, job_id: str, request: Request, origin: Origin) -> Accepted | Duplicate:
        answer = self._door.admit(job_id, request, origin, fresh=True)
        assert isinstance(answer, Accepted | Duplicate)
        return answer


@pytest.fixture
def ledger(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    admission_for: Callable[..., BlockingAdmission],
) -> Book:
    settings = settings_for(
        lease_s=0.3, heartbeat_s=0.1, unpublished_s=0.2, active_jobs=1000, lane_backlog=1000
    )
    return Book(client, settings, admission_for(settings))


def claimed(ledger: Book, job_id: str = "fox", owner: str = "worker-1") -> Job:
    ledger.admit(job_id, FOX, ANN)
    ledger.published(job_id)
    job = ledger.claim(job_id, owner, Stage.GENERATE)
    assert job is not None
    return job


def running(ledger: Book, job_id: str = "fox") -> Job:
    return ledger.running(ledger.submitting(claimed(ledger, job_id)), "p1")


def lapse(ledger: Book, job_id: str = "fox") -> None:
    deadline = time.monotonic() + LONG_S
    while job_id not in ledger.due.find():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def unaccounted(client: "redis.Redis") -> int:
    """I7: accepted less delivered, failed, cancelled and active."""
    counts = client.hgetall(keys.counts())
    assert isinstance(counts, dict)

    def total(state: str) -> int:
        return sum(int(value) for name, value in counts.items() if str(name).startswith(f"jobs:{state}:"))

    active = sum(int(client.zcard(keys.in_state(state))) for state in State)
    return total("accepted") - total("delivered") - total("failed") - total("cancelled") - active


def test_a_request_comes_back_as_it_was_given(ledger: Book) -> None:
    """Given ids as large as Telegram's, admission keeps every digit and every option."""
    admission = ledger.admit("fox", FOX, ANN)
    assert isinstance(admission, Accepted)
    assert (admission.job.request, admission.job.origin) == (FOX, ANN)
    assert (admission.job.state, admission.job.lane, admission.job.tier) == (
        State.ACCEPTED,
        Lane.IMG,
        Tier.REGULAR,
    )
    assert ledger.get("fox") == admission.job


def test_the_same_request_twice_is_one_job(ledger: Book, client: "redis.Redis") -> None:
    """Given 8 threads that admit the same id at once, one makes the job and 7 find it."""
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(type(ledger.admit("fox", FOX, ANN)).__name__))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["Accepted"] + ["Duplicate"] * 7
    assert client.hget(keys.counts(), "jobs:accepted:image:regular") == "1"


def test_the_whole_way_is_stamped_and_counted(ledger: Book, client: "redis.Redis") -> None:
    """Given a job that is admitted, made and delivered, each state has its time, in order, and one count."""
    job, _ = ledger.stored(ledger.storing(running(ledger)), PICTURE)
    delivery = ledger.claim("fox", "worker-2", Stage.DELIVER)
    assert job.artifact == PICTURE
    assert delivery is not None
    assert unaccounted(client) == 0
    done = ledger.delivered(delivery, "FILE")
    order = [
        "accepted",
        "queued",
        "claimed",
        "submitting",
        "running",
        "storing",
        "stored",
        "delivering",
        "delivered",
    ]
    assert [name for name in done.stamps if name != "told"] == order
    assert sorted(done.stamps.values()) == list(done.stamps.values())
    counts = client.hgetall(keys.counts())
    assert isinstance(counts, dict)
    assert all(counts[f"jobs:{name}:image:regular"] == "1" for name in order)
    assert (done.told, done.file_id, ledger.due.find()) == (True, "FILE", [])
    assert unaccounted(client) == 0
    assert 0 < int(client.ttl(keys.job("fox"))) <= 30 * 86_400


def test_a_worker_may_be_quicker_than_the_publisher(ledger: Book) -> None:
    """Given a job whose message is taken before it is marked as queued, both end in one claim."""
    ledger.admit("fox", FOX, ANN)
    assert ledger.claim("fox", "worker-1", Stage.GENERATE) is not None
    ledger.published("fox")
    job = ledger.get("fox")
    assert job is not None
    assert job.state is State.CLAIMED


def test_five_messages_of_one_job_are_one_claim(ledger: Book) -> None:
    ledger.admit("fox", FOX, ANN)
    found: list[Job | None] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(ledger.claim("fox", f"worker-{n}", Stage.GENERATE)))
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([job for job in found if job is not None]) == 1


def test_a_lost_lease_can_write_nothing(ledger: Book) -> None:
    """Given a worker that slept past its lease and another that took over, the first can write nothing."""
    old = running(ledger)
    lapse(ledger)
    new = ledger.claim("fox", "worker-2", Stage.GENERATE)
    assert new is not None
    assert (new.state, new.prediction, new.crashes) == (State.RUNNING, "p1", 1)
    for write in (
        lambda: ledger.storing(old),
        lambda: ledger.failed(old, Failure.INTERNAL),
        lambda: ledger.cancelled(old),
        lambda: ledger.note(old, progress=9),
        lambda: ledger.release(old),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert ledger.renew({"fox": old.token}).lost == {"fox"}
    assert ledger.storing(new).state is State.STORING


def test_a_renewed_lease_does_not_lapse(ledger: Book) -> None:
    """Given renewals for three times the lease, nobody else can claim the job."""
    job = running(ledger)
    end = time.monotonic() + 0.9
    while time.monotonic() < end:
        renewal = ledger.renew({"fox": job.token})
        assert (renewal.lost, renewal.cancelled) == (frozenset(), frozenset())
        assert ledger.claim("fox", "worker-2", Stage.GENERATE) is None
        time.sleep(0.05)


def test_a_move_is_made_once_and_may_be_asked_for_twice(ledger: Book, client: "redis.Redis") -> None:
    """Given a move whose answer was lost, asking again answers the same and counts nothing."""
    job = claimed(ledger)
    assert ledger.submitting(job) == ledger.submitting(job)
    assert client.hget(keys.counts(), "jobs:submitting:image:regular") == "1"


def test_a_state_cannot_be_skipped_or_gone_back_to(ledger: Book) -> None:
    job = running(ledger)
    with pytest.raises(IllegalMove, match="running"):
        ledger.stored(job, PICTURE)
    with pytest.raises(IllegalMove, match="running"):
        ledger.submitting(replace(job, state=State.CLAIMED))


def test_a_job_that_is_handed_back_has_not_crashed(ledger: Book) -> None:
    """Given a worker that stops in order, the next one goes on at once, and no crash is counted."""
    job = running(ledger)
    ledger.release(job)
    with pytest.raises(LeaseLost):
        ledger.storing(job)
    assert ledger.due.find() == ["fox"]
    again = ledger.claim("fox", "worker-2", Stage.GENERATE)
    assert again is not None
    assert (again.prediction, again.crashes) == ("p1", 0)


def test_a_cancel_is_the_owners_alone(ledger: Book) -> None:
    ledger.admit("fox", FOX, ANN)
    assert ledger.cancel("fox", ANN.user + 1) == (Cancellation.FOREIGN, "")
    assert ledger.cancel("fox", ANN.user) == (Cancellation.CANCELLED, "")
    assert ledger.cancel("fox", ANN.user) == (Cancellation.ENDED, "")
    assert ledger.cancel("cat", ANN.user) == (Cancellation.MISSING, "")
    assert ledger.claim("fox", "worker-1", Stage.GENERATE) is None


def test_a_cancel_wakes_the_worker_that_holds_the_job(ledger: Book, client: "redis.Redis") -> None:
    """Given a held job, its cancel is published to its holder, and every renewal tells it again."""
    listener = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    listener.subscribe(keys.wake("worker-1"))
    job = running(ledger)
    assert ledger.cancel("fox", ANN.user) == (Cancellation.CANCELLING, "")
    heard, deadline = None, time.monotonic() + LONG_S
    while heard is None and time.monotonic() < deadline:
        heard = listener.get_message(timeout=0.1)
    listener.close()
    assert heard is not None
    assert heard["data"] == "cancel fox"
    assert ledger.renew({"fox": job.token}).cancelled == {"fox"}
    assert ledger.cancelled(job)[0].state is State.CANCELLED


def test_a_result_that_is_there_is_not_cancelled(ledger: Book) -> None:
    ledger.stored(ledger.storing(running(ledger)), PICTURE)
    assert ledger.cancel("fox", ANN.user) == (Cancellation.LATE, "")


def test_an_ended_job_is_owed_a_message_until_it_is_told(ledger: Book, client: "redis.Redis") -> None:
    """Given a failed job, it is due for a delivery; once told, it is due no more and cannot be told again."""
    ledger.failed(running(ledger), Failure.REFUSED)
    lapse(ledger)
    delivery = ledger.claim("fox", "worker-2", Stage.DELIVER)
    assert delivery is not None
    assert (delivery.state, delivery.failure) == (State.FAILED, Failure.REFUSED)
    assert ledger.claim("fox", "worker-3", Stage.DELIVER) is None
    ledger.told(delivery)
    assert ledger.due.find() == []
    assert ledger.claim("fox", "worker-3", Stage.DELIVER) is None
    assert client.hget(keys.counts(), "failures:refused:image") == "1"
    assert unaccounted(client) == 0


def test_an_orphan_is_adopted_once(ledger: Book) -> None:
    """Given a submission of unknown outcome, its news makes the job go on; a second one changes nothing."""
    ledger.unknown(ledger.submitting(claimed(ledger)))
    assert ledger.adopt("fox", "p9")
    assert not ledger.adopt("fox", "p10")
    job = ledger.claim("fox", "worker-2", Stage.GENERATE)
    assert job is not None
    assert (job.state, job.prediction) == (State.RUNNING, "p9")


def test_news_of_a_submission_that_is_still_being_made_waits_in_the_record(ledger: Book) -> None:
    job = ledger.submitting(claimed(ledger))
    assert ledger.adopt("fox", "p9")
    assert ledger.running(job, "p9").prediction == "p9"


def test_nobody_gives_up_a_job_that_has_moved_on(ledger: Book) -> None:
    """Given a worker that looks for an orphan when the webhook names it, the worker may not fail it."""
    ledger.unknown(ledger.submitting(claimed(ledger)))
    looking = ledger.claim("fox", "worker-2", Stage.GENERATE)
    assert looking is not None
    assert looking.state is State.UNKNOWN
    ledger.adopt("fox", "p9")
    with pytest.raises(LeaseLost):
        ledger.failed(looking, Failure.UNKNOWN_OUTCOME)
    job = ledger.claim("fox", "worker-3", Stage.GENERATE)
    assert job is not None
    assert (job.state, job.crashes) == (State.RUNNING, 0)


def test_an_overdue_job_is_one_sweepers(ledger: Book) -> None:
    """Given an unpublished job and two sweepers, the first gets it."""
    ledger.admit("fox", FOX, ANN)
    lapse(ledger)
    assert [ledger.due.postpone("fox", 5), ledger.due.postpone("fox", 5)] == [True, False]


def test_an_unrepeatable_send_is_marked_once(ledger: Book) -> None:
    ledger.admit("fox", FOX, ANN)
    assert [ledger.once("fox", "ready"), ledger.once("fox", "ready"), ledger.once("fox", "status")] == [
        True,
        False,
        True,
    ]


def test_a_record_of_a_newer_version_is_left_alone(ledger: Book, client: "redis.Redis") -> None:
    """Given a job written by a newer release, this one does not claim it."""
    ledger.admit("fox", FOX, ANN)
    lapse(ledger)
    client.hset(keys.job("fox"), "version", 99)
    assert ledger.due.find() == []
    assert ledger.get("fox") is None
    assert ledger.claim("fox", "worker-1", Stage.GENERATE) is None
    assert not ledger.due.postpone("fox", 5), "it stays due, for a sweep that can read it"


def test_a_record_of_a_newer_version_holds_up_nobody(ledger: Book, client: "redis.Redis") -> None:
    """Given such a job at the head of the lane, its turn goes to the first that can be read; and what a
    message of its own was used up for is soon due again."""
    for name in ("fox", "cat", "owl"):
        ledger.admit(name, FOX, ANN)
        ledger.published(name)
    for name in ("fox", "cat"):
        client.hset(keys.job(name), "version", 99)
    owl = ledger.claim("fox", "worker-1", Stage.GENERATE, turn=True)
    assert owl is not None
    assert owl.id == "owl"
    assert ledger.claim("fox", "worker-1", Stage.GENERATE, turn=True) is None
    client.hset(keys.job("fox"), "version", 1)
    lapse(ledger)


def test_places_count_in_the_order_of_the_broker(ledger: Book, client: "redis.Redis") -> None:
    """Given one user's two jobs and then another's first, the other's first job stands before the second."""
    ledger.admit("fox-1", FOX, ANN)
    ledger.admit("fox-2", FOX, ANN)
    other = ledger.admit("cat", FOX, replace(ANN, user=2)).job
    second = ledger.get("fox-2")
    assert second is not None
    workers = Workers(client)
    workers.announce(Sign("worker-1", lanes=["img"], slots=2), ttl_s=5)
    waiting = QueuePositions(client, workers)
    place, behind = waiting.place(other, typical_s=8), waiting.place(second, typical_s=8)
    assert place is not None
    assert behind is not None
    assert (place.position, place.eta_s) == (2, 8)
    assert (behind.position, behind.eta_s) == (3, 16)
    ledger.claim("cat", "worker-1", Stage.GENERATE)
    assert waiting.place(other, typical_s=8) is None


def test_past_durations_make_the_estimate(ledger: Book, client: "redis.Redis") -> None:
    job = ledger.admit("fox", FOX, ANN).job
    waiting = QueuePositions(client, Workers(client))
    for seconds in (3.0, 5.0, 90.0):
        waiting.took("sketch", seconds)
    place = waiting.place(job, typical_s=60)
    assert place is not None
    assert place.eta_s == 5.0


def test_a_worker_that_falls_silent_drops_out(client: "redis.Redis") -> None:
    workers = Workers(client)
    workers.announce(Sign("worker-1", lanes=["img", "vip"], slots=4), ttl_s=0.1)
    workers.announce(Sign("worker-2", lanes=["img"], slots=3), ttl_s=5)
    deadline = time.monotonic() + LONG_S
    while workers.slots("img") != 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert workers.slots("vip") == 0
    workers.leave("worker-2")
    assert workers.slots("img") == 0


def test_the_history_keeps_the_latest(ledger: Book, client: "redis.Redis") -> None:
    """Given more jobs than a history keeps, the oldest drop out of it and the active ones stay listed."""
    users = Users(client, ledger)
    for n in range(HISTORY + 3):
        ledger.admit(f"fox-{n:03}", FOX, ANN)
    assert [job.id for job in users.history(ANN.user, 2)] == [
        f"fox-{HISTORY + 2:03}",
        f"fox-{HISTORY + 1:03}",
    ]
    assert len(users.history(ANN.user, 1000)) == HISTORY
    assert len(users.active(ANN.user)) == HISTORY + 3


async def test_a_choice_lasts_until_it_is_taken_back(redis_url: str) -> None:
    async with opened(place_of(redis_url)) as pipeline:
        preferences = Preferences(pipeline)
        await preferences.choose(1, "ar:image", "16:9")
        assert await preferences.of(1) == {"ar:image": "16:9"}
        assert await preferences.of(2) == {}
        await preferences.choose(1, "ar:image", "")
        assert await preferences.of(1) == {}


def test_a_message_leads_to_its_job(ledger: Book) -> None:
    job = ledger.admit("fox", FOX, ANN).job
    ledger.posted(job, 77)
    found = ledger.by_message(ANN.chat, 77)
    assert found is not None
    assert (found.id, found.message) == ("fox", 77)
    assert ledger.by_message(ANN.chat, 78) is None


def test_without_redis_nothing_is_promised(
    settings_for: Callable[..., Settings], admission_for: Callable[..., BlockingAdmission]
) -> None:
    """Given a Redis that is not there, I expect LedgerUnavailable from any call, soon."""
    nowhere = settings_for(redis_url="redis://127.0.0.1:1/0")
    client = connect(nowhere.redis_url)
    ledger = Book(client, nowhere, admission_for(nowhere))
    for call in (
        lambda: ledger.admit("fox", FOX, ANN),
        lambda: ledger.get("fox"),
        lambda: ledger.once("fox", "x"),
        ledger.due.find,
    ):
        with pytest.raises(LedgerUnavailable):
            call()
    client.close()
