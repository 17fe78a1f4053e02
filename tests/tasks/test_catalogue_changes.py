"""The workers start anew with another catalogue, and go on with what was asked for under the last one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tasks_stage import Stage, eventually, stage

from config.catalogue import Model
from jobs.failures import Failure
from jobs.model import Job, Kind, Order, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admission import Accepted
from ledger.jobs import Cancellation
from ledger.jobs import Stage as Claim
from sandbox.admission import admit_once
from tasks.generation.task import generate
from tasks.process import Process


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.provider.settings(hold=False)


@contextmanager
def restarted(scene: Stage, model: str, **changes: Any) -> Iterator[Process]:
    """In the block the jobs are done by a worker in whose catalogue a model is changed, or gone; another one
    of its kind is still there."""
    with scene.another_worker() as worker:
        models: Any = worker.catalogue.models
        models["another"] = replace(models[model], name="another", title="Another")
        if changes:
            models[model] = replace(models[model], **changes)
        else:
            del models[model]
        yield worker


def interrupted(scene: Stage, job: Job) -> Job:
    """A worker has paid for the job, and handed it over as it stopped. The provider is held at its work."""
    scene.provider.hold()
    with scene.another_worker() as worker, scene.working(job):
        eventually(lambda: scene.now(job).state is State.RUNNING)
        worker.slots.drain()
    eventually(lambda: not scene.now(job).owner)
    return scene.now(job)


CHANGES: dict[str, dict[str, Any]] = {
    "gone": {},
    "moved to another provider": {"provider": "elsewhere", "reference": "elsewhere/sketch"},
    "of another kind": {"kind": "video"},
    "dearer": {"price_usd": 10.0},
    "given no time": {"deadline_s": 0.001},
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_runs_ends_in_its_result(scene: Stage, change: str) -> None:
    """Given a prediction that runs while its model leaves the catalogue or is changed there, I expect its
    result, paid once, at the price of that time."""
    job = interrupted(scene, scene.job(f"a fox that is {change}"))
    with restarted(scene, "sketch", **CHANGES[change]):
        scene.provider.release()
        scene.work()
    done = scene.now(job)
    assert (done.state, done.failure, done.prediction) == (State.DELIVERED, None, job.prediction)
    assert len([each for each in scene.by_bot(job) if each["media"]]) == 1
    assert scene.paid(job.request.prompt) == 1


@pytest.mark.parametrize("change", ["gone", "moved to another provider"])
def test_what_is_cancelled_is_stopped_where_it_runs(scene: Stage, change: str) -> None:
    """Given such a job whose owner presses Cancel, I expect its prediction to be stopped."""
    job = interrupted(scene, scene.job(f"a cancelled fox, {change}"))
    assert scene.ledger.cancel(job.id, job.origin.user)[0] is Cancellation.CANCELLING
    with restarted(scene, "sketch", **CHANGES[change]):
        scene.work()
    assert (scene.now(job).state, scene.now(job).told) == (State.CANCELLED, True)
    assert [each["status"] for each in scene.predictions(job.request.prompt)] == ["canceled"]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_submission_of_unknown_outcome_is_found_without_its_model(scene: Stage, kind: Kind) -> None:
    """Given a paid call whose answer was lost before its model left the catalogue, I expect it to be found by
    what it asked for."""
    source = ""
    if kind is Kind.VIDEO:
        picture = scene.job("a fox to move into the unknown")
        scene.work()
        source = picture.id
    prompt = f"an unknown {kind}"
    scene.provider.fault("drop_answer", "create", match=prompt)
    job = scene.job(prompt, kind, source)
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    with restarted(scene, job.request.model):
        scene.lapse(job)
        generate(job.id)
        scene.work()
    assert scene.now(job).state is State.DELIVERED
    assert scene.paid(prompt) == 1


def test_a_submission_is_found_by_what_it_asked_for_at_its_time(scene: Stage) -> None:
    """Given a model whose input is changed while the outcome of a paid call is unknown, I expect the search
    to be for the input of that time."""
    prompt = "a fox of other days"
    scene.provider.fault("drop_answer", "create", match=prompt)
    job = scene.job(prompt)
    scene.work()
    with restarted(scene, "sketch", input={"output_format": "jpg"}):
        scene.lapse(job)
        generate(job.id)
        scene.work()
    assert scene.now(job).state is State.DELIVERED


WAITING: dict[str, dict[str, Any]] = {
    name: CHANGES[name] for name in ("gone", "moved to another provider", "of another kind")
}


@pytest.mark.parametrize("change", sorted(WAITING))
def test_what_waits_is_told_and_not_paid_for(scene: Stage, change: str) -> None:
    """Given a job that still waits for a model which cannot make it any more, I expect one clear message and
    no payment."""
    job = scene.job(f"a fox that waits, {change}")
    with restarted(scene, "sketch", **WAITING[change]):
        scene.work()
    ended = scene.now(job)
    assert (ended.state, ended.failure, ended.told) == (State.FAILED, Failure.NOT_CONFIGURED, True)
    assert scene.paid(job.request.prompt) == 0


def test_an_animation_that_waits_for_a_model_without_pictures_is_told(scene: Stage) -> None:
    picture = scene.job("a fox that stands still")
    scene.work()
    job = scene.job("it does not move", Kind.VIDEO, picture.id)
    with restarted(scene, "motion", source_field=""):
        scene.work()
    assert scene.now(job).failure is Failure.NOT_CONFIGURED
    assert scene.paid("it does not move") == 0


def test_a_call_that_surely_did_not_arrive_is_made_anew_by_the_new_catalogue(scene: Stage) -> None:
    """Given a paid call that was turned away, I expect it to be made as the present catalogue has it."""
    job = scene.job("a fox unsent of old")
    old = Order("elsewhere", "elsewhere/sketch", {"prompt": "a fox unsent of old"}, 1.0)
    scene.ledger.unsent(scene.ledger.submitting(scene.claimed_elsewhere(job), old, 0.5))
    scene.lapse(job)
    scene.work()
    done = scene.now(job)
    assert done.state is State.DELIVERED
    assert done.order is not None
    assert done.order.reference == model_of(scene, job).reference
    assert scene.redis.hget(keys.job(job.id), "price") == "0.010000"


def test_what_an_older_release_paid_for_is_looked_at_where_alone_it_can_be(scene: Stage) -> None:
    """Given a running job whose record says nothing of its provider, and a model that is gone, I expect its
    result: there is one provider."""
    job = interrupted(scene, scene.job("a fox of an older release"))
    scene.redis.hdel(keys.job(job.id), "order")
    with restarted(scene, "sketch"):
        scene.provider.release()
        scene.work()
    assert scene.now(job).state is State.DELIVERED


def test_an_heir_knows_where_its_prediction_runs(scene: Stage) -> None:
    """Given two people who share a prediction, when the first one cancels, I expect the other one's job to
    have what is needed to go on with it."""
    request = Request(Kind.IMAGE, "sketch", "shared by two")
    for user, name in enumerate(("first", "other"), start=1):
        assert isinstance(admit_once(scene.settings, name, request, Origin(user, user, 1)), Accepted)
    claimed = scene.ledger.claim("first", "worker", Claim.GENERATE)
    assert claimed is not None
    order = Order("replicate", "darkroom/sketch", {"prompt": "shared by two, «тоже»"}, 60.0)
    first = scene.ledger.running(scene.ledger.submitting(claimed, order), "p1")
    assert scene.ledger.cancelled(first)[1] == ["other"]
    heir = scene.ledger.get("other")
    assert heir is not None
    assert (heir.prediction, heir.order) == ("p1", order)


def model_of(scene: Stage, job: Job) -> Model:
    return scene.process.generation.terms.model_of(job)
