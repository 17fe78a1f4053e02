"""Workers that are told to stop under load, and a job that takes its worker down each time."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from acceptance.person import Person, eventually, text_of

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State

from .house import MAKERS, House

pytestmark = pytest.mark.faults

HANDED_OVER_S = 2.0
FUSE_S = 0.5
"""Long enough for the jobs that died with the deadly one to be in the same worker again."""
WORKERS = ("first", "second", "deliver")


def held_by(house: House, name: str, jobs: list[str]) -> list[Job]:
    """Those of the jobs that a worker has at this moment."""
    pid = str(house.program(name).pid)
    found = [job for each in jobs if (job := house.stack.ledger.get(each))]
    return [job for job in found if job.owner and job.owner.split(":")[1] == pid]


def changed_hands(before: Job, now: Job) -> bool:
    """Whether the lease of before is no more."""
    return now.owner != before.owner


def test_each_worker_is_told_to_stop_in_turn(house: House) -> None:
    """Given SIGTERM to each worker under load, I expect all its jobs in other hands within two seconds, exit
    code 0, no failed job and no crash counted."""
    house.stack.provider.hold()
    lapsed = house.count("leases_expired")
    people = house.people(4)
    handed_over: list[float] = []
    for name in WORKERS:
        shown = [
            person.ask(f"/image a baton {person.id} {name} {number}")
            for person in people
            for number in (1, 2)
        ]
        jobs = [
            people[0].job_when(each, lambda job: job.state is State.RUNNING and job.owner).id
            for each in shown
        ]
        leaver = house.program(name)
        held = held_by(house, name, jobs)
        began = time.monotonic()
        os.kill(leaver.pid, signal.SIGTERM)
        for job in held:
            house.job_when(job.id, partial(changed_hands, job))
        handed_over += [time.monotonic() - began] if held else []
        assert leaver.wait(10) == 0
        leaver.start()
    house.stack.provider.release()
    ended = house.check()
    assert len(ended) == 8 * len(WORKERS)
    assert {job.state for job in ended} == {State.DELIVERED}
    assert {job.crashes for job in ended} == {0}
    assert house.count("leases_expired") == lapsed
    assert len(handed_over) == len(MAKERS)
    assert max(handed_over) < HANDED_OVER_S


@contextmanager
def deadly(house: House, job_id: str) -> Iterator[list[str]]:
    """Whoever holds this job is killed at once, and started again by the supervisor; the list of the dead."""
    dead: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        with ThreadPoolExecutor(len(MAKERS)) as supervisor:
            while not stop.wait(0.01):
                if (name := holder()) and not stop.wait(FUSE_S) and holder() == name:
                    house.kill(name)
                    dead.append(name)
                    supervisor.submit(house.start, name)

    def holder() -> str:
        job = house.stack.ledger.get(job_id)
        if job is None or not job.owner or job.state is not State.RUNNING:
            return ""
        # A dead one's lease has not lapsed yet.
        pids = {name: house.program(name).pid for name in MAKERS if house.program(name).alive}
        return next((name for name, pid in pids.items() if job.owner.split(":")[1] == str(pid)), "")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield dead
    finally:
        stop.set()
        watcher.join(60)


def test_a_job_that_kills_its_worker_each_time(house: House) -> None:
    """Given a job whose worker dies whenever it has it, I expect it to be failed after three deaths, with a
    clear message and its token back, and the jobs that died with it to be made."""
    mallory, *others = house.people(5)
    neighbours = [house.running(person, f"a bystander {person.id}")[0] for person in others]
    shown, job = house.running(mallory, "a bomb")
    with deadly(house, job.id) as dead:
        eventually(lambda: len(dead) == house.stack.settings.max_crashes - 1)
        # Each of them may stand where the bomb does by now: the next death in a worker would be their last.
        for person in others:
            house.stack.provider.release(str(person.prediction(f"a bystander {person.id}")["id"]))
        ended = house.job_when(job.id, lambda job: job.state is State.FAILED)
    assert ended.failure is Failure.CRASHED
    assert len(dead) == house.stack.settings.max_crashes
    house.stack.provider.release()
    said = mallory.see(
        shown, lambda each: text_of(each).startswith("This request kept breaking our machine.")
    )
    assert text_of(said).endswith("This request was not counted.")
    for person, message in zip(others, neighbours, strict=True):
        person.result(message)
    Person(house.stack).make("/image the day after")
    house.check()
