"""Machines whose clocks are wrong: what is measured by the ledger's clock must not notice."""

import time
from collections.abc import Callable, Iterator

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.failures import Failure
from jobs.model import Job, Kind, Lane, Origin, Request
from jobs.states import State
from ledger import clock, keys
from ledger.admission import Accepted
from ledger.jobs import Anew, Ledger
from ledger.jobs import Stage as Claim
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions
from sandbox.admission import admit_once
from tasks.generation.task import generate
from tasks.sweep import Sweep

OFF_S = 600.0


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


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put this machine's date forward or back by so many seconds, from now on."""
    true = time.time

    def by(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: true() + seconds)

    return by


@pytest.fixture(params=[-OFF_S, OFF_S], ids=["behind", "ahead"])
def off(request: pytest.FixtureRequest, put: Callable[[float], None]) -> float:
    """A machine whose clock is ten minutes off."""
    put(request.param)
    return float(request.param)


def ago(scene: Stage, job: Job, state: State, seconds: float) -> None:
    """The job has come into a state so long ago, by the ledger's clock."""
    at = round((clock.ask(scene.redis) - seconds) * 1000)
    scene.redis.hset(keys.job(job.id), f"at:{state}", at)


def looks(scene: Stage, prompt: str) -> int:
    """How often the provider was asked for the prediction of these words."""
    return sum(each["gets"] for each in scene.predictions(prompt))


def looked_at_and_made(scene: Stage, job: Job) -> None:
    """The provider is asked a few times while the prediction runs, and ends it; the picture is stored."""
    prompt = job.request.prompt
    before = looks(scene, prompt)
    eventually(lambda: looks(scene, prompt) >= before + 3)
    scene.provider.release()
    eventually(lambda: scene.now(job).state not in (State.RUNNING, State.STORING))
    assert scene.now(job).state is State.STORED
    assert [each["status"] for each in scene.predictions(prompt)] == ["succeeded"]


def test_a_prediction_is_waited_for(scene: Stage, off: float) -> None:
    """Given a model with a deadline of two minutes, I expect looks all the while, and the picture."""
    scene.provider.hold()
    job = scene.job(f"a fox by a clock that is {off} s off")
    with scene.working(job):
        eventually(lambda: scene.now(job).state is State.RUNNING)
        looked_at_and_made(scene, job)


def test_a_prediction_is_taken_over_from_another_machine(scene: Stage, off: float) -> None:
    """Given a worker that has lost its job, I expect the next one to look at once and to go on with it."""
    scene.provider.hold()
    job = scene.job(f"a fox handed over {off}")
    with scene.working(job):
        eventually(lambda: scene.now(job).state is State.RUNNING)

        def taken_over() -> bool:
            # The worker's heartbeat may renew the lease in between.
            scene.lapse(job)
            return scene.ledger.claim(job.id, "another", Claim.GENERATE) is not None

        eventually(taken_over)
    scene.lapse(job)
    with scene.working(job):
        looked_at_and_made(scene, job)


@pytest.mark.parametrize("jump", [-3600.0, OFF_S], ids=["back", "forward"])
def test_the_clock_jumps_while_a_prediction_is_waited_for(
    scene: Stage, put: Callable[[float], None], jump: float
) -> None:
    scene.provider.hold()
    job = scene.job(f"a fox in a time machine {jump}")
    with scene.working(job):
        eventually(lambda: looks(scene, job.request.prompt) > 0)
        put(jump)
        looked_at_and_made(scene, job)


@pytest.mark.usefixtures("off")
def test_a_submission_of_unknown_outcome_has_its_whole_grace_and_no_more(scene: Stage) -> None:
    """Given a grace of a minute, I expect the job to wait after half of it, and to fail when it is over."""
    scene.provider.fault("reset", "create", match="a fox unheard of")
    job = scene.job("a fox unheard of")
    scene.work()
    grace_s = scene.settings.unknown_grace_s
    ago(scene, job, State.UNKNOWN, grace_s / 2)
    generate(job.id)
    assert scene.now(job).state is State.UNKNOWN
    ago(scene, job, State.UNKNOWN, grace_s + 1)
    generate(job.id)
    assert scene.now(job).failure is Failure.UNKNOWN_OUTCOME


@pytest.mark.usefixtures("off")
def test_a_lost_message_is_missed_after_its_time_and_not_before(scene: Stage) -> None:
    job = scene.job("a fox whose message is lost")
    scene.redis.delete(*scene.redis.keys("img*"))
    sweep = Sweep(
        scene.settings,
        scene.ledger,
        QueuePositions(scene.redis, Workers(scene.redis)),
        scene.process.publisher,
    )
    patience_s = scene.settings.unpublished_s
    ago(scene, job, State.QUEUED, patience_s / 2)
    sweep.round()
    assert scene.process.publisher.backlog(Lane.IMG) == 0
    ago(scene, job, State.QUEUED, patience_s + 1)
    sweep.round()
    assert scene.process.publisher.backlog(Lane.IMG) == 1


@pytest.mark.usefixtures("off")
def test_the_end_waits_for_a_status_message_that_is_being_posted(scene: Stage) -> None:
    """Given a bot that has just begun to post, I expect the end to wait; and not when it must have died."""
    origin = Origin(7, 7, 1)
    request = Request(Kind.IMAGE, "sketch", "a fox being posted")
    answer = admit_once(scene.settings, "posting", request, origin, fresh=True)
    assert isinstance(answer, Accepted)
    assert scene.ledger.once("posting", "status", "the bot")
    job = scene.ledger.claim("posting", "a deliverer", Claim.GENERATE)
    assert job is not None
    assert scene.ledger.anew(job, "a deliverer", 15.0, ["end"]) == (Anew.WAIT, "")
    marked = clock.ask(scene.redis) - 20
    scene.redis.hset(keys.job(job.id), "once_at:status", round(marked * 1000))
    assert scene.ledger.anew(job, "a deliverer", 15.0, ["end"]) == (Anew.SEND, "end")


def test_a_claim_tells_the_time(scene: Stage, put: Callable[[float], None]) -> None:
    put(OFF_S)
    ledger = Ledger(scene.redis, scene.settings)
    job = scene.job("a fox that tells the time")
    assert not ledger.clock.known
    assert ledger.claim(job.id, "worker", Claim.GENERATE) is not None
    assert ledger.clock.now() == pytest.approx(clock.ask(scene.redis), abs=5)
