"""Answers that no honest provider gives, in the way of a job: it ends in time, paid for once, and is told."""

import time
from collections.abc import Iterator

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from ledger.jobs import Cancellation


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media"), provider_timeout_s=60.0) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.provider.settings(hold=False)


def ended(scene: Stage, job: Job) -> tuple[State, Failure | None, int]:
    """How it ended, once its chat was told, and for how many payments."""
    scene.work()
    now = scene.now(job)
    assert now.told
    return now.state, now.failure, scene.paid(job.request.prompt)


def unwanted(scene: Stage, job: Job) -> None:
    """The person presses Cancel while a slot has the job."""
    assert scene.ledger.cancel(job.id, job.origin.user) == (Cancellation.CANCELLING, "")


def test_a_submission_that_is_cancelled_while_its_answer_dribbles_is_found_and_stopped(scene: Stage) -> None:
    """Given a paid call whose answer comes byte by byte, when the person cancels, I expect the slot free at
    once, the prediction looked for and stopped, and nothing paid twice."""
    scene.provider.hold()
    scene.provider.fault("dribble", "create", match="a fox by letters")
    job = scene.job("a fox by letters")
    with scene.working(job) as worker:
        eventually(lambda: scene.paid("a fox by letters"))
        unwanted(scene, job)
        began = time.monotonic()
        eventually(lambda: not worker.is_alive())
        assert time.monotonic() - began < 30
    assert scene.now(job).state is State.UNKNOWN
    assert ended(scene, job) == (State.CANCELLED, None, 1)
    (prediction,) = scene.predictions("a fox by letters")
    assert prediction["status"] == "canceled"


@pytest.mark.parametrize(("place", "state"), [("get", State.RUNNING), ("output", State.STORING)])
def test_a_job_is_cancelled_while_an_answer_dribbles(scene: Stage, place: str, state: State) -> None:
    """Given a look or a file that comes byte by byte, when the person cancels, I expect the job to end."""
    prompt = f"a fox by letters ({place})"
    scene.provider.fault("dribble", place, match=prompt, times=0)
    job = scene.job(prompt)
    with scene.working(job) as worker:
        eventually(lambda: scene.now(job).state is state)
        unwanted(scene, job)
        eventually(lambda: not worker.is_alive())
    assert ended(scene, job) == (State.CANCELLED, None, 1)


def test_a_worker_that_stops_hands_over_what_dribbles(scene: Stage) -> None:
    """Given a file that comes byte by byte, when its worker stops, I expect another to bring the result."""
    scene.provider.fault("dribble", "output", match="a fox handed over")
    job = scene.job("a fox handed over")
    with scene.another_worker() as first, scene.working(job) as worker:
        eventually(lambda: scene.now(job).state is State.STORING)
        first.slots.drain()
        eventually(lambda: not worker.is_alive())
    assert ended(scene, job) == (State.DELIVERED, None, 1)


@pytest.mark.parametrize("place", ["create", "get"])
def test_an_answer_that_unpacks_to_gigabytes_is_passed_over(scene: Stage, place: str) -> None:
    """Given one in the place of a prediction, I expect the result all the same, paid for once."""
    prompt = f"a fox in a bomb ({place})"
    scene.provider.fault("bomb", place, match=prompt)
    job = scene.job(prompt)
    scene.work()
    if place == "create":
        assert scene.now(job).state is State.UNKNOWN
        scene.lapse(job)
        scene.process.handover.publish_generation(job.id)
    assert ended(scene, job) == (State.DELIVERED, None, 1)


def test_an_output_that_unpacks_to_gigabytes_is_the_providers_fault(scene: Stage) -> None:
    scene.provider.fault("bomb", "output", match="a fox in a file", times=0)
    job = scene.job("a fox in a file")
    assert ended(scene, job) == (State.FAILED, Failure.BAD_OUTPUT, 1)
