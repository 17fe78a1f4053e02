"""Machines whose clocks are wrong: what is measured by the ledger's clock must not notice."""

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from tasks_stage import Stage, eventually, stage

from config.settings import Settings
from deploy.backup.creating import create
from deploy.backup.loading import CannotRestore
from deploy.backup.restoring import restore
from deploy.backup.shelf import Shelf
from jobs import buckets, clock, keys
from jobs.admission import Accepted, Admission, Limited
from jobs.connection import connect
from jobs.failures import Failure
from jobs.ledger import Ledger
from jobs.ledger import Stage as Claim
from jobs.limits import Rate
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from jobs.waiting import Waiting
from jobs.workers import Sign, Workers
from tasks.generate import generate
from tasks.once import NotYet, may_send
from tasks.sweep import Sweep

OFF_S = 600.0
ANN = Origin(1, 1, 1)


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
        scene.lapse(job)
        assert scene.ledger.claim(job.id, "another", Claim.GENERATE) is not None
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
        Waiting(scene.redis, Workers(scene.redis)),
        scene.process.publisher,
    )
    ago(scene, job, State.QUEUED, -5)
    sweep.round()
    assert scene.process.publisher.backlog(Lane.IMG) == 0
    ago(scene, job, State.QUEUED, 5)
    sweep.round()
    assert scene.process.publisher.backlog(Lane.IMG) == 1


@pytest.mark.usefixtures("off")
def test_the_end_waits_for_a_status_message_that_is_being_posted(scene: Stage) -> None:
    """Given a bot that has just begun to post, I expect the end to wait; and not when it must have died."""
    origin = Origin(7, 7, 1)
    answer = Admission(scene.redis, scene.settings, {}).admit(
        "posting", Request(Kind.IMAGE, "sketch", "a fox being posted"), origin, fresh=True
    )
    assert isinstance(answer, Accepted)
    assert scene.ledger.once("posting", "status", "the bot")
    with pytest.raises(NotYet):
        may_send(scene.process, scene.now(answer.job))
    ago(scene, answer.job, State.ACCEPTED, 20)
    assert may_send(scene.process, scene.now(answer.job))


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with connect(redis_url) as made:
        yield made


def test_a_machine_with_a_wrong_clock_is_at_work_and_hides_nobody(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    put: Callable[[float], None],
    tmp_path: object,
) -> None:
    """Given three workers on machines whose clocks are right, behind and ahead, I expect all their slots to
    be counted by each of them, their containers to be healthy, and a restore to be refused."""
    workers = Workers(client)
    hosts = {"right": 0.0, "behind": -OFF_S, "ahead": OFF_S}
    for host, seconds in hosts.items():
        put(seconds)
        workers.announce(Sign(f"{host}:1:a", "image", ("img",), slots=4), 30)
    for seconds in hosts.values():
        put(seconds)
        assert workers.slots("img") == 12
        assert [workers.on(host) for host in hosts] == [1, 1, 1]
    for host in ("right", "ahead"):
        workers.leave(f"{host}:1:a")
    settings = settings_for(backup_url=f"{tmp_path}/backups", media_url=f"{tmp_path}/media")
    shelf = Shelf(settings.backup_url, settings)
    with pytest.raises(CannotRestore, match="behind:1:a"):
        restore(shelf, create(shelf, settings), settings, force=True)


# The ledger's own clock is put back, by NTP or a failover to a machine whose clock is behind.


def test_a_users_bucket_fills_from_the_new_time_on(
    client: "redis.Redis", settings_for: Callable[..., Settings]
) -> None:
    """Given a user who has used up a limit of ten a minute, when the ledger's clock goes back by ten minutes,
    I expect them to be told the six seconds that it takes, at once; and their token to come."""
    door = Admission(client, settings_for(active_jobs=99), {Tier.REGULAR: Rate(10 / 60, 10)})

    def ask(number: int) -> object:
        request = Request(Kind.IMAGE, "sketch", f"fox {number}")
        return door.admit(f"fox-{number}", request, ANN, fresh=True)

    assert all(isinstance(ask(number), Accepted) for number in range(10))
    assert isinstance(ask(11), Limited)
    bucket = keys.user_bucket(ANN.user)
    for field in ("at", "told_until"):
        client.hset(bucket, field, int(str(client.hget(bucket, field))) + round(OFF_S * 1000))
    answer = ask(12)
    assert isinstance(answer, Limited)
    assert answer.retry_after_s <= 6
    assert answer.first
    again = ask(12)
    assert isinstance(again, Limited)
    assert not again.first
    # Six seconds pass.
    client.hset(bucket, "at", int(str(client.hget(bucket, "at"))) - 6000)
    assert isinstance(ask(13), Accepted)


def test_the_budgets_of_calls_fill_from_the_new_time_on(client: "redis.Redis") -> None:
    """Given a bucket of calls that is empty, by a clock that was ten minutes ahead, I expect the next call to
    wait for one token; and one that is held back by the other side to wait for the end of that."""
    bucket = buckets.Bucket("calls", Rate(1.0, 1), 0.0)
    take, hold = client.register_script(buckets.TAKE), client.register_script(buckets.HOLD)
    ahead = round((clock.ask(client) + OFF_S) * 1000)
    client.hset("calls", mapping={"level": 0, "at": ahead})
    first = buckets.Answer.of(take(*buckets.take("hold", [bucket], "wait", 5.0)))
    assert (first.word, 0.5 < first.wait_s <= 1) == ("go", True)
    at = int(str(client.hget("calls", "at")))
    assert at < ahead - 500_000, "it goes on by the present time"
    hold(*buckets.hold("hold", bucket, 3.0))
    held = buckets.Answer.of(take(*buckets.take("hold", [bucket], "wait", 5.0)))
    assert (held.word, 2 < held.wait_s <= 3) == ("held", True)
    assert int(str(client.hget("calls", "at"))) > at + 2000, "after a hold one call may go, not all at once"


def test_a_claim_tells_the_time(scene: Stage, put: Callable[[float], None]) -> None:
    put(OFF_S)
    ledger = Ledger(scene.redis, scene.settings)
    job = scene.job("a fox that tells the time")
    assert not ledger.clock.known
    assert ledger.claim(job.id, "worker", Claim.GENERATE) is not None
    assert ledger.clock.now() == pytest.approx(clock.ask(scene.redis), abs=5)
