"""One fleet for the stories of a module. Without an engine there are none."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.person import Person
from celery import Celery
from pytest_celery import CeleryBrokerCluster, CeleryTestBroker, CeleryTestWorker, CeleryWorkerCluster

from . import engine
from .fleet import PROJECT, Fleet
from .nodes import BrokerNode, WorkerNode

SETTINGS = {
    "ALERT_CHAT_ID": "1",
    "POLL_FIRST_S": "0.5",
    "POLL_MAX_S": "1",
    "LEASE_S": "4",
    "HEARTBEAT_S": "1",
    "ACTIVE_JOBS": "1000",
    "LANE_BACKLOG": "10000",
    "USER_RATE_LIMIT": "1000/s",
    "REFUSED_RATE_LIMIT": "1000/s",
    "TELEGRAM_RATE_PER_S": "1000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
    "TELEGRAM_GROUP_RATE_PER_MIN": "60000",
    "READY_AFTER_S": "3600",
}
"""Limits of users, lanes and chats have tests of their own; here nobody waits for them."""
PROVIDER = (
    *("--fast-media", "--latency", "image=1,video=2", "--sigma", "0.5", "--seed", "1"),
    *("--creates-per-min", "1000000", "--others-per-min", "1000000"),
)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """The Compose services, with two replicas of the bot and one worker of each kind."""
    if reason := engine.missing():
        pytest.skip(f"no container engine answers here: {reason}")
    with Path(f"/var/tmp/{PROJECT}.lock").open("w", encoding="utf-8") as lock:
        # Names of containers are the engine's: two runs of these tests take turns.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Fleet(SETTINGS, PROVIDER) as started:
            started.telegram.limits(enabled=False)
            yield started


@pytest.fixture
def ann(fleet: Fleet) -> Iterator[Person]:
    """Somebody new to the bot, whose test leaves nothing held."""
    yield Person(fleet)
    fleet.provider.release()


@pytest.fixture
def celery_broker_cluster(fleet: Fleet) -> CeleryBrokerCluster:
    """The fleet's Redis."""
    (container,) = fleet.containers("redis")
    return CeleryBrokerCluster(CeleryTestBroker(BrokerNode(container, fleet.settings.redis_url)))


@pytest.fixture
def celery_backend_cluster() -> None:
    """None: the ledger is the result backend."""


@pytest.fixture
def celery_worker_cluster(fleet: Fleet, celery_setup_app: Celery) -> CeleryWorkerCluster:
    """Two workers for pictures, whatever an earlier story has left."""
    fleet.scale(worker_image=2)
    nodes = [WorkerNode(each, "image", "img") for each in fleet.containers("worker-image")]
    return CeleryWorkerCluster(*(CeleryTestWorker(node, celery_setup_app) for node in nodes))
