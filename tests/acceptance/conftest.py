"""Two stacks for all stories: one that nobody breaks, and one whose workers are killed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from celery import Celery
from pytest_celery import CeleryBrokerCluster, CeleryTestBroker, CeleryTestWorker, CeleryWorkerCluster

from sandbox.stack import Stack

from .commands import Once, sandbox
from .nodes import BrokerProcess, WorkerProcess
from .person import Person

QUICK = {
    "POLL_FIRST_S": "0.1",
    "POLL_MAX_S": "0.2",
    "TELEGRAM_RATE_PER_S": "1000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
    "TELEGRAM_GROUP_RATE_PER_MIN": "60000",
    "READY_AFTER_S": "6",
    "LOG_FORMAT": "json",
}
"""The clock and flood control have tests of their own; here nobody waits for them."""
FRAGILE = {"LEASE_S": "3", "HEARTBEAT_S": "0.4", "SWEEP_S": "0.2"}
"""A dead worker is missed within four seconds; a live one that gets no time for two keeps its jobs."""
SMALL = ("--latency", "image=0.3,video=0.3", "--sigma", "0", "--image-size", "256", "--video-size", "128")
WORKERS = ("first", "second")
ONCE = {
    "image": "/image a red fox in the snow",
    "video": "/video waves at night",
    "nothing": "/image",
}


def _quick(stack: Stack) -> Stack:
    stack.telegram.limits(enabled=False)
    return stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """A stack that only people use."""
    processes = ("bot", "worker-image", "worker-video", "deliver")
    with Stack(processes, QUICK, SMALL) as started:
        yield _quick(started)


@pytest.fixture
def ann(stack: Stack) -> Iterator[Person]:
    """Somebody new to the bot, whose test leaves nothing held and no fault ordered."""
    yield Person(stack)
    stack.provider.release()
    stack.telegram.clear_faults()


@pytest.fixture(scope="package")
def fragile() -> Iterator[Stack]:
    """A stack with two workers for pictures, which tests stop and kill."""
    with Stack(("bot", "worker-image", "deliver"), QUICK | FRAGILE, SMALL) as started:
        started.programs["first"] = started.programs["worker-image"]
        started.add("second", "celery -A tasks worker -Q img -n second@%h --without-gossip").start()
        yield _quick(started)


@pytest.fixture
def bob(fragile: Stack) -> Iterator[Person]:
    """Somebody new to the bot whose workers die."""
    yield Person(fragile, "Bob")
    fragile.provider.release()


@pytest.fixture
def celery_broker_cluster(fragile: Stack) -> CeleryBrokerCluster:
    """The stack's Redis."""
    node = BrokerProcess(fragile.programs["redis"], fragile.settings.redis_url)
    return CeleryBrokerCluster(CeleryTestBroker(node))


@pytest.fixture
def celery_backend_cluster() -> None:
    """None: the ledger is the result backend."""


@pytest.fixture
def celery_worker_cluster(fragile: Stack, celery_setup_app: Celery) -> CeleryWorkerCluster:
    """Two workers for pictures; those that an earlier test has ended are started again."""
    nodes = [WorkerProcess(name, fragile.programs[name], "img") for name in WORKERS]
    with ThreadPoolExecutor(len(nodes)) as starting:
        list(starting.map(WorkerProcess.restart, [node for node in nodes if not node.ready()]))
    return CeleryWorkerCluster(*(CeleryTestWorker(node, celery_setup_app) for node in nodes))


@pytest.fixture(scope="package")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Once]]:
    """The messages of ONCE, each sent by a command of its own; they run side by side."""
    with ExitStack() as stack:
        runs = {}
        for name, text in ONCE.items():
            folder = tmp_path_factory.mktemp(name)
            program = stack.enter_context(sandbox("--once", text, "--out", str(folder)))
            runs[name] = Once(program, folder)
        yield runs
