"""What webhooks do to the ledger: orphans get their prediction, holders are woken, marks are set once."""

from collections.abc import Callable, Iterator

import pytest
import redis

from config.settings import Settings
from jobs.model import Job, Kind, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.queues.deduplication import Deduplication
from sandbox.admission import admit_once

FOX = Request(Kind.IMAGE, "sketch", "a red fox in the snow")


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def ledger(client: "redis.Redis", settings_for: Callable[..., Settings]) -> Ledger:
    return Ledger(client, settings_for())


@pytest.fixture
def held(client: "redis.Redis", ledger: Ledger, settings_for: Callable[..., Settings]) -> Job:
    """A job in the hands of worker-1, its paid call on the way."""
    assert isinstance(admit_once(settings_for(), "fox", FOX, Origin(7, 7, 1)), Accepted)
    job = ledger.claim("fox", "worker-1", Stage.GENERATE)
    assert job is not None
    return ledger.submitting(job)


def test_the_holder_hears_of_its_job(client: "redis.Redis", ledger: Ledger, held: Job) -> None:
    pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    pubsub.subscribe(keys.wake("worker-1"))
    pubsub.get_message(timeout=1)
    assert ledger.wake(held.id)
    heard = pubsub.get_message(timeout=1)
    assert heard["data"] == "look fox"
    pubsub.close()


def test_nobody_hears_of_a_job_that_nobody_holds(ledger: Ledger, held: Job) -> None:
    assert not ledger.wake(held.id)  # nobody listens
    ledger.release(held)
    assert not ledger.wake(held.id)
    assert not ledger.wake("no such job")


def test_news_that_its_holder_did_not_hear_comes_with_the_next_beat(ledger: Ledger, held: Job) -> None:
    """Given a holder that is not listening (yet, or just not), I expect its renewal to tell it, once, as soon
    as there is a prediction to look at."""
    assert not ledger.wake("fox")
    assert ledger.renew({"fox": held.token}).news == frozenset()
    job = ledger.running(held, "the prediction")
    assert ledger.renew({"fox": job.token}).news == {"fox"}
    assert ledger.renew({"fox": job.token}).news == frozenset()


def test_news_that_was_acted_on_is_no_news(ledger: Ledger, held: Job) -> None:
    """Given a holder that heard it and found the prediction done, I expect the next beat to say nothing."""
    job = ledger.running(held, "the prediction")
    ledger.wake("fox")
    job = ledger.storing(job)
    assert ledger.renew({"fox": job.token}).news == frozenset()


def test_news_that_comes_before_the_doubt_is_not_lost(
    client: "redis.Redis", ledger: Ledger, held: Job
) -> None:
    """Given a webhook that names the prediction while the paid call hangs, and then the call's time-out, I
    expect the job to run on under its holder's lease."""
    assert ledger.adopt("fox", "the prediction")
    job = ledger.unknown(held)
    assert (job.state, job.prediction, job.owner) == (State.RUNNING, "the prediction", "worker-1")
    assert ledger.renew({"fox": job.token}).lost == frozenset()
    assert ledger.unknown(held).state is State.RUNNING  # its first answer was lost
    assert ledger.storing(job).state is State.STORING
    assert client.hget(keys.counts(), "jobs:unknown:image:regular") is None


def test_a_mark_is_set_once_and_seen_by_all(client: "redis.Redis", redis_url: str) -> None:
    marks = Deduplication(client)
    assert not marks.is_set("webhook", "msg_1")
    assert marks.first("webhook", "msg_1", 60)
    with connect(redis_url) as elsewhere:
        assert Deduplication(elsewhere).is_set("webhook", "msg_1")
        assert not Deduplication(elsewhere).first("webhook", "msg_1", 60)
    assert not marks.is_set("album", "msg_1")
    assert 0 < int(client.ttl(keys.mark("webhook", "msg_1"))) <= 60
