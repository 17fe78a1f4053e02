"""Handing work to other workers while the broker, or the ledger, is away."""

from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery

from config.settings import Settings
from jobs.model import Kind, Origin, Request
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from sandbox.admission import admit_once
from sandbox.environment import free_port
from tasks.handover import Handover
from tasks.publish import Publisher

ANN = Origin(user=7_000_000_001, chat=7_000_000_001, reply_to=5)
LEASE_S = 600.0
"""What is claimed again within a test was given back; no lease lapses meanwhile, however slow the machine."""


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(lease_s=LEASE_S)


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def ledger(client: "redis.Redis", settings: Settings) -> Ledger:
    """It has a job that is to be made."""
    found = admit_once(settings, "fox", Request(Kind.IMAGE, "sketch", "a fox"), ANN, fresh=True)
    assert isinstance(found, Accepted)
    ledger = Ledger(client, settings)
    ledger.published("fox")
    return ledger


@pytest.fixture
def nowhere() -> Iterator[Publisher]:
    """Its broker does not answer."""
    with Celery("test", config_source="celeryconfig", set_as_current=False) as app:
        app.conf.broker_url = f"redis://127.0.0.1:{free_port()}"
        yield Publisher(app)


def test_a_job_changes_hands_although_the_broker_is_away(ledger: Ledger, nowhere: Publisher) -> None:
    """Given a held job and no broker, when it is handed over I expect no error, and that the next worker may
    claim it; when that one puts it off, that a third may."""
    handover = Handover(ledger, nowhere)
    first = ledger.claim("fox", "one", Stage.GENERATE)
    assert first is not None
    assert ledger.claim("fox", "two", Stage.GENERATE) is None
    handover.hand_over(first)
    second = ledger.claim("fox", "two", Stage.GENERATE)
    assert second is not None
    handover.put_off(second, 1.0)
    assert ledger.claim("fox", "three", Stage.GENERATE) is not None


def test_nothing_that_is_published_fails_although_the_broker_is_away(
    ledger: Ledger, nowhere: Publisher
) -> None:
    """Given no broker, I expect the job on record as before, of which the sweep publishes what is missing."""
    handover, before = Handover(ledger, nowhere), ledger.get("fox")
    handover.publish_generation("fox")
    handover.publish_generation("a job that is gone")
    handover.publish_delivery("fox")
    assert ledger.get("fox") == before


def test_a_job_stays_with_its_worker_where_the_ledger_is_away(
    ledger: Ledger, nowhere: Publisher, settings: Settings
) -> None:
    """Given a held job and a ledger that went away, I expect no error, and the job still held: its lease ends
    by itself."""
    held = ledger.claim("fox", "one", Stage.GENERATE)
    assert held is not None
    with connect(f"redis://127.0.0.1:{free_port()}") as gone:
        handover = Handover(Ledger(gone, settings), nowhere)
        handover.hand_over(held)
        handover.put_off(held, 1.0)
        handover.publish_generation("fox")
    assert ledger.claim("fox", "two", Stage.GENERATE) is None
