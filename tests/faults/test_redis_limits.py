"""Redis takes no more writes, or answers late. It refuses in its own process, as it does in production."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from acceptance.person import eventually, text_of

from jobs.states import State
from ledger import keys
from ledger.queues.durable_queue import ANSWERS

from .house import LINES, House

pytestmark = pytest.mark.faults

TRY_LATER = "I cannot reach my job book at the moment. Please try again in a minute."


@contextmanager
def full(house: House, seconds: float) -> Iterator[None]:
    """`noeviction`, and not a byte to spare: whatever needs memory is refused, for so long at least."""
    house.client.config_set("maxmemory", 1)
    began = time.monotonic()
    try:
        yield
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    finally:
        house.client.config_set("maxmemory", 0)


def beaten(house: House) -> None:
    """Wait until each process has given a sign of life from now on."""
    until = time.time() + 3 * house.stack.settings.heartbeat_s
    eventually(lambda: house.client.zcount(keys.workers(), until, "+inf") == len(LINES))


def pids(house: House) -> dict[str, int]:
    """The product's processes that run."""
    return {name: house.program(name).pid for name in LINES if house.program(name).alive}


def test_a_full_redis_is_said_and_survived(house: House) -> None:
    """Given a Redis that takes no more writes for longer than a lease, I expect an honest answer to a new
    request and no trace of it, and the job that was running to go on when there is memory again."""
    ann, bob = house.people(2)
    before = pids(house)
    shown, job = house.running(ann, "a brimming bucket")
    with full(house, house.stack.settings.lease_s + 1):
        answer = bob.ask("/image a drop too much")
        assert text_of(answer) == TRY_LATER
        assert house.stack.users.history(bob.id, 5) == []
        kept = [str(key) for key in house.client.scan_iter(f"*{bob.id}*")]
        # The apology itself may be kept until it is said.
        told = keys.spooled(ANSWERS, ""), keys.spool_of(ANSWERS, ""), keys.spool_by(ANSWERS, "")
        assert [key for key in kept if not key.startswith(told)] == []
    house.stack.provider.release()
    ann.result(shown)
    bob.make("/image a drop too much")
    house.check()
    after = house.job_when(job.id, lambda job: job.told)
    assert after.prediction == job.prediction
    assert after.crashes == 0
    assert pids(house) == before


def test_a_full_redis_under_load(house: House) -> None:
    """Given a Redis that fills up while jobs are in every state, I expect each to end with its result, paid
    for once, by the same processes."""
    before = pids(house)
    people = house.people(4)
    for number in range(4):
        for person in people:
            house.stack.telegram.send(person.id, f"/image a busy market {person.id} {number}")
    eventually(lambda: people[0].predictions(f"a busy market {people[0].id} 0"))
    with full(house, 1):
        pass
    eventually(lambda: all(len(person.told()) == 4 for person in people))
    ended = house.check()
    assert {job.state for job in ended} == {State.DELIVERED}
    turned_away = [each for person in people for each in person.told() if text_of(each) == TRY_LATER]
    assert len(ended) + len(turned_away) == 16
    assert pids(house) == before


def test_memory_that_comes_and_goes_is_no_jobs_fault(house: House) -> None:
    """Given a Redis that is full again and again, each time for longer than a lease, I expect the leases that
    could not be renewed not to count as workers that died of the job."""
    (ann,) = house.people(1)
    shown, job = house.running(ann, "an hourglass")
    for _ in range(house.stack.settings.max_crashes + 1):
        with full(house, house.stack.settings.lease_s + 0.1):
            pass
        beaten(house)
    house.stack.provider.release()
    ann.result(shown)
    house.check()
    assert house.job_when(job.id, lambda job: job.told).crashes == 0


def test_a_slow_redis_only_costs_time(house: House) -> None:
    """Given 0.05 s each way to Redis, I expect all jobs to be made once, and no lease to be lost."""
    people = house.people(2)
    lapsed = house.count("leases_expired")
    for name in LINES:
        house.redis[name].delay(0.05)
    shown = [person.ask(f"/image a slow river {person.id}") for person in people]
    for person, message in zip(people, shown, strict=True):
        person.result(message)
    for name in LINES:
        house.redis[name].heal()
    assert {job.state for job in house.check()} == {State.DELIVERED}
    assert house.count("leases_expired") == lapsed
