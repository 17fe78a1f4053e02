"""REDIS_WAIT_REPLICAS: what counts is on a replica, and what is not does not count."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import redis
from patience import LONG_S

from config.settings import Settings
from jobs import keys
from jobs.admission import Accepted, Admission, Duplicate
from jobs.connection import connect
from jobs.errors import LedgerUnavailable
from jobs.ledger import Ledger
from jobs.model import Kind, Origin, Request
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.redis import command

REQUEST = Request(Kind.IMAGE, "sketch", "a fox")


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(redis_wait_replicas=1)


@pytest.fixture
def client(settings: Settings) -> Iterator["redis.Redis"]:
    with connect(settings.ledger_redis()) as client:
        yield client


def test_a_job_is_on_the_replica_when_it_is_accepted(settings: Settings, client: "redis.Redis") -> None:
    """Given a replica, I expect each change to be on it at the moment in which the ledger says it is done."""
    port, master = free_port(), urlsplit(settings.redis_url).port
    arguments = [*command(port), "--replicaof", "127.0.0.1", str(master), "--repl-diskless-sync-delay", "0"]
    client.config_set("repl-diskless-sync-delay", 0)
    with (
        Program(arguments, ready="Finished with success|successful partial|Done loading RDB"),
        redis.Redis(port=port, decode_responses=True) as replica,
    ):
        deadline = time.monotonic() + LONG_S
        while client.wait(1, 100) < 1:
            assert time.monotonic() < deadline, "the replica does not follow"
        admission, ledger = Admission(client, settings, {}), Ledger(client, settings)
        for number in range(50):
            job_id = f"job{number}"
            assert isinstance(admission.admit(job_id, REQUEST, Origin(number, 1, 1), fresh=True), Accepted)
            assert replica.hget(keys.job(job_id), "state") == "accepted"
            assert ledger.once(job_id, "status")
            assert replica.hexists(keys.job(job_id), "once:status")


def test_without_a_replica_nothing_counts_as_accepted(settings: Settings, client: "redis.Redis") -> None:
    """Given that no replica confirms, I expect the ledger to be unavailable rather than to take the risk, and
    the same request to be the same job when it comes again."""
    admission = Admission(client, settings, {})
    with pytest.raises(LedgerUnavailable, match="0 of 1 replicas have confirmed a write"):
        admission.admit("job", REQUEST, Origin(1, 1, 1))
    again = Admission(client, Settings(redis_url=settings.redis_url), {}).admit(
        "job", REQUEST, Origin(1, 1, 1)
    )
    assert isinstance(again, Duplicate)
