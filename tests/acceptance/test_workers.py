"""What an operator does to workers, and what happens to them: killed, stopped, started by hand, cut off."""

import re
import time
from collections.abc import Iterator

import pytest
from patience import LONG_S, promised
from pytest_celery import CeleryTestSetup, CeleryTestWorker

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from sandbox.processes import Program
from sandbox.stack import Stack

from .person import Person, buttons_of, finish, in_mid_poll, text_of

RESUMED_S = 8.0
"""The lease lapses after 3 s, and so does the lock of a victim that died in the middle of a sweep."""


def held_by(celery_setup: CeleryTestSetup, job: Job) -> CeleryTestWorker:
    """The worker that works on a job: its process id is in the owner's name."""
    pid = job.owner.split(":")[1]
    (holder,) = (worker for worker in celery_setup.worker_cluster if worker.container.id == pid)
    return holder


def test_the_processes_are_nodes(celery_setup: CeleryTestSetup) -> None:
    """All are up, and the workers answer on the remote control."""
    assert celery_setup.ready(ping=False, control=True)
    assert len(celery_setup.app.control.ping(timeout=10, limit=3)) == 3
    celery_setup.worker.wait_for_log("ready.")


def test_a_killed_workers_job_is_resumed(celery_setup: CeleryTestSetup, bob: Person) -> None:
    """SIGKILL in mid-poll: another worker goes on from the saved prediction id, and nothing is paid twice."""
    shown, before = in_mid_poll(bob, "a sunken galleon")
    victim = held_by(celery_setup, before)
    victim.kill()
    died = time.monotonic()
    after = bob.job_when(shown, lambda job: job.owner not in ("", before.owner))
    assert time.monotonic() - died < promised(RESUMED_S)
    assert after.prediction == before.prediction
    assert held_by(celery_setup, after) != victim
    ended = finish(bob, shown, "a sunken galleon")
    assert ended.crashes == 1


def test_a_deploy_interrupts_nobody(celery_setup: CeleryTestSetup, bob: Person) -> None:
    """SIGTERM in mid-poll: the job is handed over within two seconds, and no crash is counted."""
    shown, before = in_mid_poll(bob, "a walled garden")
    leaver = held_by(celery_setup, before)
    leaver.kill(signal="SIGTERM")
    told = time.monotonic()
    bob.job_when(shown, lambda job: job.owner not in ("", before.owner))
    assert time.monotonic() - told < promised(2)
    assert leaver.container.program.wait(LONG_S) == 0
    ended = finish(bob, shown, "a walled garden")
    assert ended.crashes == 0
    assert ended.prediction == before.prediction


def test_redis_restarts_under_a_running_job(celery_setup: CeleryTestSetup, bob: Person) -> None:
    """Broker and ledger go away and come back: bot and workers reconnect, and the job ends well."""
    shown, before = in_mid_poll(bob, "a stone circle")
    celery_setup.broker.restart()
    ended = finish(bob, shown, "a stone circle")
    assert ended.prediction == before.prediction
    bob.make("/image a second stone circle")


@pytest.fixture
def by_hand(fragile: Stack) -> Iterator[Program]:
    """`celery -A tasks worker -Q img`, as one would type it; not yet started."""
    program = fragile.add("by-hand", "celery -A tasks worker -Q img")
    yield program
    program.close()


def test_a_worker_started_by_hand_takes_jobs_at_once(
    celery_setup: CeleryTestSetup, bob: Person, by_hand: Program
) -> None:
    """Without a worker for its lane a job waits, and says where it stands; any new worker takes it."""
    for worker in celery_setup.worker_cluster:
        worker.kill(signal="SIGTERM")
    for worker in celery_setup.worker_cluster:
        worker.container.program.wait(LONG_S)
    shown = bob.ask("/image a lonely island")
    assert re.fullmatch(r"Queued #1, about \d+ s", text_of(shown))
    assert bob.job(shown).state in (State.ACCEPTED, State.QUEUED)

    by_hand.start()
    started = time.time()
    bob.result(shown)
    job = bob.job_when(shown, lambda job: job.state is State.DELIVERED)
    assert job.stamps["claimed"] - started < promised(2)
    assert bob.answered_once(shown)


@pytest.fixture
def narrow(fragile: Stack) -> Iterator[Program]:
    """In place of the delivery worker one that may upload next to nothing."""
    line = "env TELEGRAM_UPLOAD_MAX_BYTES=1000 celery -A tasks worker -Q deliver -n narrow@%h"
    usual = fragile.programs["deliver"]
    usual.kill()
    program = fragile.add("narrow", line).start()
    yield program
    program.kill()
    usual.start()


def test_what_telegram_would_not_take_is_said(
    celery_setup: CeleryTestSetup, narrow: Program, bob: Person
) -> None:
    """A file over the Bot API server's limit ends in one clear message, and is not counted."""
    shown = bob.ask("/image a crowded market")
    shown = bob.see(shown, lambda each: buttons_of(each) == ["Again"])
    assert text_of(shown).startswith("The result is too large.")
    assert text_of(shown).endswith("This request was not counted.")
    assert bob.answered_once(shown)
    assert bob.job_when(shown, lambda job: job.told).failure is Failure.TOO_LARGE
