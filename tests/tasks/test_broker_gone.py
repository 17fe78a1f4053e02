"""The broker goes while a worker has a message in hand: the worker outlives it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty

import pytest
from kombu.common import ignore_errors
from kombu.connection import Connection

from ledger.connection import connect
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program
from tasks.app import app

LANE = "in-hand"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Program, str]]:
    """A Redis that a test may kill, and its URL."""
    with EmbeddedRedis(free_port(), tmp_path / "redis", keep=True) as program:
        yield program, program.url


def consuming(url: str) -> Connection:
    """A worker's connection: a message is taken and not acknowledged, and two channels wait for more."""
    assert app.main == "darkroom"
    with Connection(url) as publishing:
        publishing.SimpleQueue(LANE).put({"job": "abc"})
    connection = Connection(
        url, transport_options={"max_retries": 1, "interval_start": 0, "interval_max": 0.1}
    )
    connection.SimpleQueue(LANE).get(timeout=30)
    with suppress(Empty):
        connection.SimpleQueue("other", channel=connection.channel()).get(timeout=0.01)
    with suppress(TimeoutError):
        connection.drain_events(timeout=0.01)
    return connection


def test_a_message_in_hand_does_not_end_a_worker_whose_broker_goes(server: tuple[Program, str]) -> None:
    """Given a message in hand, when the broker gets SIGKILL and Celery gives the connection up as it does
    (collect, then close), I expect no error but those of a lost connection, which Celery expects."""
    program, url = server
    connection = consuming(url)
    program.kill()
    with suppress(Exception):
        connection.collect(socket_timeout=1)
    ignore_errors(connection, connection.close)


def test_a_message_in_hand_goes_back_at_once_while_the_broker_is_there(server: tuple[Program, str]) -> None:
    """Given a message in hand, when its worker ends in order, I expect the message back in its lane."""
    _, url = server
    consuming(url).close()
    with connect(url) as client:
        assert (client.llen(LANE), client.hlen("unacked")) == (1, 0)
