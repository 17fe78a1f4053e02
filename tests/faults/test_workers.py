"""Workers that die, hang, or lose the lease of what they work on."""

import time

import pytest
from acceptance.person import eventually

from jobs.model import Job
from jobs.states import State

from .house import GIVERS, MAKERS, House
from .trap import Trap, word

pytestmark = pytest.mark.faults

MISSED_S = 10.0
"""A dead worker's job goes on within this time: the lease of 1.5 s, the sweep, and a busy machine."""


def test_1_a_worker_is_killed_while_it_polls(house: House) -> None:
    """Given a job in mid-poll, when its worker gets SIGKILL, I expect another to go on from the saved
    prediction id."""
    ann = house.person()
    shown, before = house.running(ann, "a sunken galleon")
    house.kill(house.holder(before))
    died = time.monotonic()
    after = house.taken_over(before)
    assert time.monotonic() - died < MISSED_S
    assert (after.prediction, after.crashes) == (before.prediction, 1)
    house.stack.provider.release()
    ann.result(shown)
    (job,) = house.check()
    assert job.crashes == 1


def test_2_all_workers_are_killed_at_once(house: House) -> None:
    """Given jobs that wait, run and are to be delivered, when the whole group gets SIGKILL and is started
    again, I expect each of them to end as if nothing had been."""
    house.stack.provider.hold()
    house.kill("deliver", "second")
    people = house.people(6)
    shown = [ann.ask(f"/image a walled garden, {number}") for number, ann in enumerate(people)]
    running = [
        ann.job_when(each, lambda job: job.state is State.RUNNING)
        for ann, each in zip(people, shown, strict=True)
    ]
    for job in running[:2]:
        house.stack.provider.finish(job.prediction)
        house.job_when(job.id, lambda job: job.state is State.STORED)
    house.kill("first")
    waiting = house.person("Late")
    shown.append(waiting.ask("/image a walled garden, last"))
    assert waiting.job(shown[-1]).state in (State.ACCEPTED, State.QUEUED)

    house.start("first", "second", "deliver")
    house.stack.provider.release()
    for ann, each in zip([*people, waiting], shown, strict=True):
        ann.result(each)
    jobs = house.check()
    assert {job.state for job in jobs} == {State.DELIVERED}
    assert len(jobs) == 7


def ended_elsewhere(house: House, before: Job) -> Job:
    """The provider is done; another worker than the job's holder finishes it."""
    house.stack.provider.release()
    return house.job_when(before.id, lambda job: job.state is State.DELIVERED)


def test_8_a_lease_runs_out_while_its_owner_works(house: House) -> None:
    """Given a worker that no longer reaches Redis, but the provider, when its lease is another's and its last
    write arrives after all, I expect that write to be refused."""
    ann = house.person()
    _, before = house.running(ann, "a stone circle")
    owner = house.holder(before)
    house.redis[owner].black_hole()
    ended = ended_elsewhere(house, before)
    house.redis[owner].heal()
    eventually(
        lambda: any(
            before.id in line and ("left to another worker" in line or "ledger unavailable" in line)
            for line in house.program(owner).log_text.splitlines()
        )
    )
    (job,) = house.check()
    assert (job.stamps, job.token, job.crashes) == (ended.stamps, ended.token, 1)


def test_8_the_last_write_is_right_but_for_its_token(house: House) -> None:
    """Given a worker that is stopped at its last write, and another that has come as far with the same job,
    when the first one's write arrives, I expect it to be refused, though the state would allow it."""
    ann = house.person()
    trap = house.set(Trap(word("stored"), times=2), MAKERS)
    shown = ann.ask("/image a relay race")
    owner = house.name_of(trap.wait())
    job = ann.job_when(shown, lambda job: job.state is State.STORING)
    house.program(owner).stop()
    heir = house.name_of(trap.wait(times=2))
    assert heir != owner
    house.redis[owner].heal()
    house.program(owner).continue_()
    house.said(owner, job.id, "the end was not written")
    house.redis[heir].heal()
    ann.result(shown)
    (job,) = house.check()
    assert job.crashes == 1


def test_9_a_worker_is_stopped_past_its_lease_and_goes_on(house: House) -> None:
    """Given a worker that gets SIGSTOP in mid-poll, when it gets SIGCONT after another has ended its job, I
    expect it to notice, and to write nothing."""
    ann = house.person()
    _, before = house.running(ann, "a lonely island")
    owner = house.holder(before)
    house.program(owner).stop()
    ended = ended_elsewhere(house, before)
    house.program(owner).continue_()
    house.said(owner, before.id, "left to another worker")
    (job,) = house.check()
    assert (job.stamps, job.token, job.crashes) == (ended.stamps, ended.token, 1)


def test_9_a_delivery_is_stopped_past_its_lease_and_goes_on(house: House) -> None:
    """Given a delivery that has been made when its worker gets SIGSTOP, when it gets SIGCONT after another
    has made it again, I expect one picture, and its last write to be refused."""
    ann = house.person()
    trap = house.set(Trap(word("delivered")), GIVERS)
    shown = ann.ask("/image a slow handshake")
    owner = house.name_of(trap.wait())
    job = ann.job(ann.result(shown))
    house.program(owner).stop()
    ended = house.job_when(job.id, lambda job: job.state is State.DELIVERED)
    house.redis[owner].heal()
    house.program(owner).continue_()
    house.said(owner, job.id, "delivery left to another worker")
    (job,) = house.check()
    assert (job.stamps, job.token, job.crashes) == (ended.stamps, ended.token, 1)
    assert ann.answered_once(shown)


def test_7_the_same_message_five_times_at_once(house: House) -> None:
    """Given workers that are busy elsewhere, when five messages more for one job lie in its lane, and then
    five more in the lane for deliveries, I expect one submission and one result."""
    ann = house.person()
    workers = {*MAKERS, *GIVERS}
    for name in workers:
        house.program(name).stop()
    house.stack.provider.hold()
    shown = ann.ask("/image a paper boat")
    job = ann.job_when(shown, lambda job: job.state is State.QUEUED)
    house.publish("generate", job, 5)
    for name in MAKERS:
        house.program(name).continue_()
    eventually(lambda: house.done("generate", job, MAKERS) == 5)
    ann.job_when(shown, lambda job: job.state is State.RUNNING)

    house.program("second").stop()
    house.publish("deliver", job, 5)
    house.stack.provider.release()
    # Whichever has the job, the other is its heir once the lease has lapsed.
    house.program("first").continue_()
    house.job_when(job.id, lambda job: job.state is State.STORED)
    for name in workers:
        house.program(name).continue_()
    ann.result(shown)
    eventually(lambda: house.done("deliver", job, GIVERS) >= 6)
    (job,) = house.check()
    assert house.stack.provider.total("a paper boat") == 1
