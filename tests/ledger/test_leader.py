"""The lock under which one process at a time sweeps."""

import threading
from collections.abc import Iterator

import pytest
import redis
from patience import LONG_S

from ledger import keys
from ledger.connection import connect
from ledger.processes.leader import alone


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


def test_only_one_process_works_at_a_time(client: "redis.Redis") -> None:
    """Given a process at work, another's round is over at once; when the first is done, it gets its turn."""
    inside, leave, rounds = threading.Event(), threading.Event(), []

    def work() -> None:
        rounds.append(1)
        inside.set()
        leave.wait(LONG_S)

    holder = threading.Thread(target=alone(client, "sweep", 5.0, work))
    holder.start()
    assert inside.wait(LONG_S)
    alone(client, "sweep", 5.0, work)()
    assert len(rounds) == 1
    leave.set()
    holder.join()
    alone(client, "sweep", 5.0, work)()
    assert len(rounds) == 2


def test_a_late_holder_does_not_let_go_of_anothers_lock(client: "redis.Redis") -> None:
    """Given a holder that is late, its lock has an end, and the next holder's stays."""
    lock = keys.lock("sweep")

    def come_late() -> None:
        assert 0 < int(client.pttl(lock)) <= 2_000
        client.set(lock, "another process")

    alone(client, "sweep", 2.0, come_late)()
    assert client.get(lock) == "another process"


def test_a_failed_round_lets_go_of_the_lock(client: "redis.Redis") -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        alone(client, "sweep", 2.0, fail)()
    assert not client.exists(keys.lock("sweep"))
