"""The sweep on a real broker and ledger: what nobody works on is put on its way again, once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from worker_stage import Door, app_of, eventually, messages, told_of

from config.settings import Settings
from jobs import keys
from jobs.errors import LeaseLost
from jobs.failures import Failure
from jobs.ledger import Stage
from jobs.model import Artifact, Job, Kind, Lane
from jobs.states import State
from jobs.waiting import Waiting
from jobs.workers import Workers
from tasks.leader import alone
from tasks.publish import Publisher
from tasks.sweep import Sweep

PICTURE = Artifact("2026-11/x.png", "image/png", 1234)


@dataclass
class Shop:
    """A ledger with short waits, and one process's sweep over it."""

    door: Door
    sweep: Sweep
    publisher: Publisher

    def queued(self, kind: Kind = Kind.IMAGE, user: int = 7) -> Job:
        """A job whose message is on the broker."""
        job = self.door.admit(kind, user=user)
        self.publisher.publish_generation(job)
        self.door.ledger.published(job.id)
        return self.door.now(job)

    def taken(self, job: Job) -> None:
        """A worker takes the lane's messages from the broker, and dies before it claims anything."""
        for step in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
            self.door.redis.delete(f"{job.lane}{step}")

    def claim(self, job: Job, owner: str = "worker-1", stage: Stage = Stage.GENERATE) -> Job:
        """The job in the hands of a worker, which takes it from the broker."""
        self.taken(job)
        held = self.door.ledger.claim(job.id, owner, stage)
        assert held is not None
        return held

    def running(self) -> Job:
        """A job that the provider works on."""
        ledger = self.door.ledger
        return ledger.running(ledger.submitting(self.claim(self.queued())), "p1")

    def overdue(self, job: Job) -> None:
        """Time passes: the lease of the job has lapsed, or its message is late."""
        self.door.ledger.hasten(job.id)


@contextmanager
def opened(settings: Settings) -> Iterator[Shop]:
    publisher = Publisher(app_of(settings))
    with closing(Door(settings)) as door:
        waiting = Waiting(door.redis, Workers(door.redis))
        yield Shop(door, Sweep(settings, door.ledger, waiting, publisher), publisher)


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    """Nothing becomes overdue by itself."""
    return settings_for(lease_s=60, unpublished_s=60, requeue_s=60)


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    with opened(settings) as made:
        yield made


@pytest.fixture
def watchful(settings: Settings) -> Iterator[Shop]:
    """One that looks for lost messages soon."""
    with opened(replace(settings, unpublished_s=0.2)) as made:
        yield made


def test_a_job_that_was_never_published_is(shop: Shop) -> None:
    """Given a bot that died between admission and broker, I expect the message, and the job queued."""
    job = shop.door.admit()
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.IMG) == []
    shop.overdue(job)
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.IMG) == [job.id]
    assert shop.door.now(job).state is State.QUEUED


def test_a_round_leaves_alone_what_is_in_order(shop: Shop) -> None:
    """Given jobs that are queued, held and ended, I expect no message beside their own."""
    waiting = shop.queued(Kind.VIDEO)
    held = shop.claim(shop.queued())
    ended = shop.door.ledger.failed(shop.running(), Failure.REFUSED)[0]
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.VID) == [waiting.id]
    assert told_of(shop.door.redis, Lane.IMG) == []
    assert told_of(shop.door.redis, Lane.DELIVER) == []
    assert [shop.door.now(job).state for job in (waiting, held, ended)] == [
        State.QUEUED,
        State.CLAIMED,
        State.FAILED,
    ]


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO])
def test_a_message_that_was_lost_is_published_again(watchful: Shop, kind: Kind) -> None:
    """Given a worker that took the message and died before its claim, I expect a new one, long before
    the job is overdue, and at the front of its lane.
    """
    job = watchful.queued(kind)
    watchful.taken(job)
    found_at = time.monotonic()

    def published() -> bool:
        watchful.sweep.round()
        return told_of(watchful.door.redis, job.lane) == [job.id]

    eventually(published)
    assert time.monotonic() - found_at < 5
    assert watchful.door.now(job).priority == 0
    for _ in range(3):
        watchful.sweep.round()
    assert told_of(watchful.door.redis, job.lane) == [job.id]


def test_a_job_that_has_waited_too_long_goes_to_the_front(shop: Shop) -> None:
    """Given a user's third job, at a low priority, and no claim for REQUEUE_S, I expect it at the front."""
    first, _, third = (shop.queued(user=1) for _ in range(3))
    assert third.priority > 0
    shop.overdue(third)
    shop.sweep.round()
    front = [message["args"][0] for message in messages(shop.door.redis, Lane.IMG) if message["step"] == "0"]
    assert front == [first.id, third.id]
    assert shop.door.now(third).priority == 0


def test_a_lapsed_lease_brings_the_job_to_another_worker(shop: Shop) -> None:
    """Given a worker that died in mid-poll, I expect a message, a claim that goes on from the saved
    prediction, one crash counted, and the dead one's writes refused.
    """
    dead = shop.running()
    shop.overdue(dead)
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.IMG) == [dead.id]
    resumed = shop.claim(dead, "worker-2")
    assert (resumed.state, resumed.prediction, resumed.crashes) == (State.RUNNING, "p1", 1)
    with pytest.raises(LeaseLost):
        shop.door.ledger.storing(dead)


def test_a_worker_that_only_slept_finds_its_lease_gone(shop: Shop) -> None:
    """Given a sweep between a lapse and a late renewal, I expect the renewal to be told of the loss."""
    held = shop.running()
    shop.overdue(held)
    shop.sweep.round()
    assert shop.door.ledger.renew({held.id: held.token}).lost == {held.id}


def test_a_job_that_is_not_taken_up_is_published_until_it_is(shop: Shop) -> None:
    """Given a resumed job whose message is lost as well, I expect another after the lease's length."""
    job = shop.running()
    for _ in range(2):
        shop.overdue(job)
        shop.sweep.round()
        assert told_of(shop.door.redis, Lane.IMG) == [job.id]
        shop.taken(job)
    assert shop.door.now(job).crashes == 1


def test_a_submission_that_nobody_saw_arrive_is_looked_for(shop: Shop) -> None:
    """Given an unknown outcome, I expect the job to come to a worker, in that state."""
    ledger = shop.door.ledger
    job = ledger.unknown(ledger.submitting(shop.claim(shop.queued())))
    shop.overdue(job)
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.IMG) == [job.id]
    assert shop.claim(job, "worker-2").state is State.UNKNOWN


@pytest.mark.parametrize("end", ["stored", "failed", "cancelled"])
def test_a_chat_that_was_not_told_is(shop: Shop, end: str) -> None:
    """Given a worker that died between the end and its delivery's message, I expect that message, again and
    again until the chat has been told, and then no more.
    """
    ledger = shop.door.ledger
    job = shop.running()
    if end == "stored":
        ledger.stored(ledger.storing(job), PICTURE)
    elif end == "failed":
        ledger.failed(job, Failure.REFUSED)
    else:
        ledger.cancelled(job)
    for _ in range(2):
        shop.overdue(job)
        shop.sweep.round()
        assert told_of(shop.door.redis, Lane.DELIVER) == [job.id]
        shop.door.redis.delete(Lane.DELIVER)
    delivery = shop.claim(job, "worker-2", Stage.DELIVER)
    if end == "stored":
        ledger.delivered(delivery, "FILE")
    else:
        ledger.told(delivery)
    assert shop.door.redis.zscore(keys.due(), job.id) is None
    assert shop.door.now(job).told


def test_a_delivery_whose_worker_died_is_published_again(shop: Shop) -> None:
    ledger = shop.door.ledger
    job = ledger.stored(ledger.storing(shop.running()), PICTURE)[0]
    shop.claim(job, "worker-1", Stage.DELIVER)
    shop.overdue(job)
    shop.sweep.round()
    assert told_of(shop.door.redis, Lane.DELIVER) == [job.id]
    again = shop.claim(job, "worker-2", Stage.DELIVER)
    assert (again.state, again.crashes) == (State.DELIVERING, 1)


def test_a_record_that_is_gone_is_forgotten(shop: Shop) -> None:
    """Given an entry for a job whose record was removed, I expect the sweep to stumble over it once."""
    job = shop.door.admit()
    shop.overdue(job)
    shop.door.redis.delete(keys.job(job.id))
    shop.sweep.round()
    assert shop.door.ledger.overdue() == []


def test_a_paused_lane_is_left_alone(watchful: Shop) -> None:
    """Given an admin's pause and a lost message, I expect nothing to be published until it is lifted."""
    job = watchful.queued()
    watchful.taken(job)
    watchful.door.redis.sadd(keys.paused(), job.lane)
    watchful.overdue(job)
    watchful.sweep.round()
    assert told_of(watchful.door.redis, Lane.IMG) == []
    watchful.door.redis.srem(keys.paused(), job.lane)

    def published() -> bool:
        watchful.sweep.round()
        return told_of(watchful.door.redis, Lane.IMG) == [job.id]

    eventually(published)


def test_many_sweeps_at_once_publish_once(shop: Shop, settings: Settings) -> None:
    """Given eight processes that sweep the same overdue jobs at the same time, I expect one message each."""
    overdue = [shop.door.admit(user=user) for user in range(10)]
    for job in overdue:
        shop.overdue(job)
    sweeps = [
        Sweep(settings, shop.door.ledger, Waiting(shop.door.redis, Workers(shop.door.redis)), shop.publisher)
        for _ in range(8)
    ]
    threads = [threading.Thread(target=sweep.round) for sweep in sweeps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told_of(shop.door.redis, Lane.IMG)) == sorted(job.id for job in overdue)


def test_a_round_is_short_and_the_next_one_goes_on(shop: Shop) -> None:
    """Given more overdue jobs than one round looks at, I expect the rest in the next one."""
    jobs = [shop.door.admit(user=user) for user in range(120)]
    for job in jobs:
        shop.overdue(job)
    shop.sweep.round()
    assert len(told_of(shop.door.redis, Lane.IMG)) == 100
    shop.sweep.round()
    assert sorted(told_of(shop.door.redis, Lane.IMG)) == sorted(job.id for job in jobs)


# The lock under which one process at a time sweeps.


def test_only_one_process_works_at_a_time(shop: Shop) -> None:
    inside, leave, rounds = threading.Event(), threading.Event(), []

    def work() -> None:
        rounds.append(1)
        inside.set()
        leave.wait(5)

    holder = threading.Thread(target=alone(shop.door.redis, "sweep", 2.0, work))
    holder.start()
    assert inside.wait(5)
    alone(shop.door.redis, "sweep", 2.0, work)()
    assert len(rounds) == 1
    leave.set()
    holder.join()
    alone(shop.door.redis, "sweep", 2.0, work)()
    assert len(rounds) == 2


def test_the_lock_of_a_dead_process_lapses(shop: Shop) -> None:
    """Given a holder that is late, I expect its lock to have an end, and another's not to be let go."""
    lock = keys.lock("sweep")

    def die() -> None:
        assert 0 < int(shop.door.redis.pttl(lock)) <= 2_000
        shop.door.redis.set(lock, "another process")

    alone(shop.door.redis, "sweep", 2.0, die)()
    assert shop.door.redis.get(lock) == "another process"


def test_a_failed_round_lets_go_of_the_lock(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError):
        alone(shop.door.redis, "sweep", 2.0, lambda: divmod(1, 0) and None)()
    assert not shop.door.redis.exists(keys.lock("sweep"))
