"""A prediction belongs to one job, however alike two requests are."""

from collections.abc import Iterator

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.errors import PredictionOwned
from jobs.failures import Failure
from jobs.model import Job, Kind, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admission import Accepted
from ledger.jobs import Cancellation
from ledger.jobs import Stage as Claim
from providers.base import Submission
from sandbox.admission import admit_once
from tasks.generation import inputs
from tasks.generation.task import generate


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and nothing ordered of the provider."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.provider.release()


def never_arrived(scene: Stage, prompt: str, source: str = "") -> Job:
    """A job whose paid call has not reached the provider, which nobody knows."""
    scene.provider.fault("500", "create", match=prompt)
    job = scene.job(prompt, Kind.VIDEO if source else Kind.IMAGE, source)
    generate(job.id)
    assert scene.now(job).state is State.UNKNOWN
    return job


def searched(scene: Stage, job: Job) -> Job:
    """A worker has looked for the job at the provider."""
    scene.lapse(job)
    generate(job.id)
    return scene.now(job)


def test_the_search_leaves_others_their_predictions(scene: Stage) -> None:
    """Given two people who ask for just the same, one of whose paid calls never arrived, I expect that job
    not to take the other's prediction, and its cancel to hurt nobody."""
    prompt = "a fox for both"
    lost = never_arrived(scene, prompt)
    scene.provider.hold()
    other = scene.job(prompt)
    with scene.working(other):
        eventually(lambda: scene.now(other).state is State.RUNNING)
        found = searched(scene, lost)
        assert (found.state, found.prediction) == (State.UNKNOWN, "")
        assert scene.ledger.cancel(lost.id, lost.origin.user)[0] is Cancellation.CANCELLED
        scene.provider.release()
    scene.work()
    assert scene.now(other).state is State.DELIVERED
    assert [each["status"] for each in scene.predictions(prompt)] == ["succeeded"]


def test_the_search_waits_for_who_is_submitting_the_same(scene: Stage) -> None:
    """Given a prediction that another worker has just paid for and not yet written down, I expect a search
    for the same words not to take it, and to go on."""
    prompt = "a fox just paid for"
    lost = never_arrived(scene, prompt)
    other = scene.job(prompt)
    submitting = scene.ledger.submitting(scene.claimed_elsewhere(other))
    model = scene.process.generation.terms.model_of(other)
    submission = Submission(model.reference, inputs.fields(other.request, model), model.deadline_s)
    paid = scene.process.generation.terms.provider_of(other).submit(submission)
    assert searched(scene, lost).state is State.UNKNOWN
    assert scene.ledger.running(submitting, paid.id).prediction == paid.id
    assert searched(scene, lost).state is State.UNKNOWN
    scene.redis.hset(keys.job(lost.id), "at:unknown", "1000")
    assert searched(scene, lost).failure is Failure.UNKNOWN_OUTCOME


@pytest.mark.parametrize("ahead_s", [-600, 600])
def test_the_search_does_not_go_by_the_providers_clock(scene: Stage, ahead_s: int) -> None:
    """Given a ledger whose clock is ten minutes off, and a paid call whose answer was lost, I expect it to be
    found."""
    prompt = f"a fox with a watch, {ahead_s}"
    scene.provider.fault("drop_answer", "create", match=prompt)
    job = scene.job(prompt)
    scene.work(only="generate")
    assert scene.now(job).state is State.UNKNOWN
    scene.redis.hincrby(keys.job(job.id), "at:submitting", ahead_s * 1000)
    assert searched(scene, job).state is State.STORED
    assert scene.paid(prompt) == 1


def test_an_animation_is_known_by_its_picture(scene: Stage) -> None:
    """Given two pictures that are animated with the same words, I expect the job whose call never arrived not
    to take the video of the other picture, though no job has written that down."""
    pictures = [scene.job(f"a fox to move, {number}") for number in range(2)]
    scene.work()
    prompt = "it jumps"
    lost = never_arrived(scene, prompt, pictures[0].id)
    other = scene.job(prompt, Kind.VIDEO, pictures[1].id)
    scene.work(only="generate")
    assert scene.now(other).state is State.STORED
    scene.orphaned(other)
    assert searched(scene, lost).state is State.UNKNOWN


def test_an_animation_whose_answer_was_lost_is_found(scene: Stage) -> None:
    picture = scene.job("a fox to move and to find")
    scene.work()
    scene.provider.fault("drop_answer", "create", match="it hides")
    job = scene.job("it hides", Kind.VIDEO, picture.id)
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    assert searched(scene, job).state is State.STORED
    assert scene.paid("it hides") == 1


def test_a_call_that_was_taken_after_all_is_not_made_again(scene: Stage) -> None:
    """Given a submission that the provider turned away for now, though it has taken it, as its webhook tells
    before the call is made once more, I expect the job to go on with that prediction and no payment more."""
    done = scene.job("a fox taken twice")
    scene.work()
    prediction = scene.orphaned(done)
    scene.provider.fault("429", "create", match="a fox turned away", times=100)
    job = scene.job("a fox turned away")
    with scene.working(job):
        eventually(lambda: scene.now(job).unsent)
        assert scene.ledger.adopt(job.id, prediction)
    scene.work()
    now = scene.now(job)
    assert (now.state, now.prediction) == (State.DELIVERED, prediction)
    assert scene.paid("a fox turned away") == 0


# The ledger alone.


def running_of(scene: Stage, *names: str) -> list[Job]:
    """Jobs whose paid calls are being made."""
    made = []
    for user, name in enumerate(names, start=1):
        request = Request(Kind.IMAGE, "sketch", name)
        answer = admit_once(scene.settings, name, request, Origin(user, user, 1), fresh=True)
        assert isinstance(answer, Accepted)
        claimed = scene.ledger.claim(name, f"worker of {name}", Claim.GENERATE)
        assert claimed is not None
        made.append(scene.ledger.submitting(claimed))
    return made


def test_no_step_gives_a_prediction_to_a_second_job(scene: Stage) -> None:
    """Given a prediction that one job has, I expect every way to another one to be refused: the answer to a
    submission, and a webhook's news; and the first to be told of it again without harm."""
    first, second, third = running_of(scene, "first", "second", "third")
    scene.ledger.running(first, "p1")
    assert scene.ledger.running(first, "p1").state is State.RUNNING
    with pytest.raises(PredictionOwned, match="second belongs to job first"):
        scene.ledger.running(second, "p1")
    assert not scene.ledger.adopt("second", "p1")
    unknown = scene.ledger.unknown(third)
    assert not scene.ledger.adopt("third", "p1")
    assert scene.ledger.adopt("third", "p3")
    assert (scene.now(second).state, scene.now(unknown).prediction) == (State.SUBMITTING, "p3")
    assert scene.ledger.owned(["p1", "p2", "p3"], "first") == {"p3"}


def test_an_heir_has_the_prediction_to_itself(scene: Stage) -> None:
    """Given a job that others share, when it is cancelled, I expect its prediction to be its heir's, and the
    memory of it to last as long as the heir's record."""
    request = Request(Kind.IMAGE, "sketch", "shared")
    for user, name in enumerate(("leader", "heir"), start=1):
        assert isinstance(admit_once(scene.settings, name, request, Origin(user, user, 1)), Accepted)
    claimed = scene.ledger.claim("leader", "worker", Claim.GENERATE)
    assert claimed is not None
    leader = scene.ledger.running(scene.ledger.submitting(claimed), "p1")
    _, heirs = scene.ledger.cancelled(leader)
    assert heirs == ["heir"]
    assert scene.redis.get(keys.prediction("p1")) == "heir"
    delivery = scene.ledger.claim("leader", "worker", Claim.DELIVER)
    assert delivery is not None
    scene.ledger.told(delivery)
    assert scene.redis.ttl(keys.prediction("p1")) == -1
    heir = scene.ledger.claim("heir", "worker", Claim.GENERATE)
    assert heir is not None
    scene.ledger.failed(heir, Failure.PROVIDER_FAILED)
    told = scene.ledger.claim("heir", "worker", Claim.DELIVER)
    assert told is not None
    scene.ledger.told(told)
    assert int(scene.redis.ttl(keys.prediction("p1"))) > 86_400
