"""Whose turn it is in a lane: fair shares between users, and what a message brings to a slot."""

from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery

from config.settings import Settings
from jobs.model import VERSION, Job, Kind, Origin, Request
from ledger import keys
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions
from ledger.scripts import Scripts
from sandbox.admission import BlockingAdmission
from tasks.publish import Publisher
from tasks.sweep import Sweep

ANN, BOB = 1, 2


class Lane:
    """A lane of pictures whose jobs are named by who wants them."""

    def __init__(self, client: "redis.Redis", settings: Settings, admission: BlockingAdmission) -> None:
        self.ledger = Ledger(client, settings)
        self._admission = admission

    def wants(self, user: int, name: str) -> Job:
        request = Request(Kind.IMAGE, "sketch", f"a fox {name}")
        answer = self._admission.admit(name, request, Origin(user, user, 0))
        assert isinstance(answer, Accepted)
        return answer.job

    def message(self, name: str) -> Job | None:
        """A slot takes the message of this job."""
        return self.ledger.claim(name, "worker-1", Stage.GENERATE, turn=True)

    def given(self, *messages: str) -> list[str]:
        """The jobs that slots get by these messages."""
        return [job.id for job in map(self.message, messages) if job]


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def lane_of(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    admission_for: Callable[..., BlockingAdmission],
) -> Callable[..., Lane]:
    """Make a lane, with settings of its own: `lane_of(fair_share_s=0.0)`."""

    def make(**settings: float) -> Lane:
        found = settings_for(active_jobs=100, **settings)
        return Lane(client, found, admission_for(found))

    return make


@pytest.fixture
def lane(lane_of: Callable[..., Lane]) -> Lane:
    return lane_of()


@pytest.fixture
def app(redis_url: str) -> Iterator[Celery]:
    made = Celery("test", config_source="celeryconfig", set_as_current=False)
    made.conf.broker_url = redis_url
    yield made
    made.close()


def test_who_sends_one_is_not_behind_all_of_one_who_sends_many(lane: Lane) -> None:
    """Given Ann's four pictures and then Bob's one, Bob's is second."""
    for number in range(1, 5):
        lane.wants(ANN, f"ann-{number}")
    lane.wants(BOB, "bob")
    order = lane.given("ann-1", "ann-2", "ann-3", "ann-4", "bob")
    assert order == ["ann-1", "bob", "ann-2", "ann-3", "ann-4"]


def test_a_share_is_a_bounded_time(lane_of: Callable[..., Lane]) -> None:
    """Given shares of no time at all, those who come later stay behind however much somebody sends."""
    lane = lane_of(fair_share_s=0.0)
    for number in range(1, 5):
        lane.wants(ANN, f"ann-{number}")
    lane.wants(BOB, "bob")
    assert lane.given("bob", "bob", "bob", "bob", "bob") == ["ann-1", "ann-2", "ann-3", "ann-4", "bob"]


def test_a_lost_message_costs_no_job_its_turn(lane: Lane) -> None:
    """Given three jobs and the loss of the first one's message, the other two bring the first two."""
    for user, name in enumerate(("one", "two", "three"), start=1):
        lane.wants(user, name)
    assert lane.given("two", "three") == ["one", "two"]


def test_a_message_too_many_does_nothing_once_nobody_waits(lane: Lane) -> None:
    lane.wants(ANN, "one")
    assert lane.given("one") == ["one"]
    assert lane.message("one") is None


def test_a_job_that_was_handed_back_is_gone_on_with_by_its_own_message(lane: Lane) -> None:
    """Given a job handed back in the middle while another one waits, its message brings it, not the other."""
    lane.wants(ANN, "begun")
    begun = lane.message("begun")
    assert begun is not None
    lane.ledger.release(lane.ledger.submitting(begun))
    lane.wants(BOB, "waiting")
    assert lane.given("begun", "begun") == ["begun", "waiting"]


def test_a_claim_whose_answer_was_lost_is_asked_for_again(lane: Lane, client: "redis.Redis") -> None:
    """Given a client that repeats a call for a claim, I expect the same job under the same token, and none of
    the others to be taken; another call to get the next; and nothing that was lost since to come back."""
    for user, name in enumerate(("one", "two", "three"), start=1):
        lane.wants(user, name)
    run = Scripts(client)
    call = ("claim", "one", "worker-1", 1000, Stage.GENERATE, VERSION, "1", 2)
    first, again, other = run(*call, "a call"), run(*call, "a call"), run(*call, "another call")
    assert (first[0], first[2]) == ("claimed", "one")
    assert again[:3] == first[:3]
    assert (other[0], other[2]) == ("claimed", "two")
    client.zadd(keys.due(), {"one": 0})
    taken = lane.ledger.claim("one", "worker-2", Stage.GENERATE)
    assert taken is not None
    assert run(*call, "a call")[:1] + run(*call, "a call")[2:3] == ["claimed", "three"]


def test_begun_jobs_go_ahead_on_the_broker(lane: Lane, app: Celery, client: "redis.Redis") -> None:
    """Given a waiting job's message, that of a job handed back is taken before it."""
    publisher = Publisher(app)
    publisher.publish_generation(lane.wants(ANN, "waiting"))
    lane.wants(BOB, "begun")
    begun = lane.ledger.claim("begun", "worker-1", Stage.GENERATE)
    assert begun is not None
    publisher.publish_generation(begun)
    found = client.brpop(["img", "img\x06\x163"], timeout=1)
    assert isinstance(found, tuple)
    assert found[0] == "img"


def test_the_sweep_adds_messages_only_where_they_are_missing(
    lane: Lane, app: Celery, client: "redis.Redis", settings_for: Callable[..., Settings]
) -> None:
    """Given three overdue jobs and two messages, one sweep adds one message, and the next one none."""
    publisher = Publisher(app)
    for user, name in enumerate(("one", "two", "three"), start=1):
        lane.wants(user, name)
        lane.ledger.published(name)
        lane.ledger.due.hasten(name)
    for name in ("one", "three"):
        job = lane.ledger.get(name)
        assert job is not None
        publisher.publish_generation(job)
    waiting = QueuePositions(client, Workers(client))
    sweep = Sweep(settings_for(), lane.ledger, waiting, publisher)
    sweep.round()
    assert client.llen("img\x06\x163") == 3
    for name in ("one", "two", "three"):
        lane.ledger.due.hasten(name)
    sweep.round()
    assert client.llen("img\x06\x163") == 3
