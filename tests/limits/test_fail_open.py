"""The circuit breaker of the limits that all processes share in Redis."""

import pytest
from structlog.testing import capture_logs

from ledger.limits.fail_open import UNASKED_S, FailOpen

GONE = ConnectionError("connection refused")


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> FailOpen:
    return FailOpen("the limit", clock)


def test_redis_is_asked_until_it_fails(breaker: FailOpen) -> None:
    """Given a new process, I expect Redis to be asked, and to be asked still after it has answered."""
    assert not breaker.is_open
    breaker.succeeded()
    assert not breaker.is_open


def test_calls_go_out_unasked_for_a_while(breaker: FailOpen, clock: Clock) -> None:
    """Given a Redis that has not answered, I expect calls to go out unasked, and Redis to be asked again when
    the two seconds are over; each further failure begins them again."""
    for _ in range(3):
        breaker.failed(GONE)
        assert breaker.is_open
        clock.now += UNASKED_S - 0.01
        assert breaker.is_open
        clock.now += 0.01
        assert not breaker.is_open


def test_the_log_says_once_that_redis_is_lost_and_once_that_it_is_back(breaker: FailOpen) -> None:
    """Given two times in which Redis is away, with several failures each, I expect one warning and one line
    of its return for each of them."""
    with capture_logs() as logs:
        for _ in range(2):
            for _ in range(5):
                breaker.failed(GONE)
            for _ in range(5):
                breaker.succeeded()
    assert [line["log_level"] for line in logs] == ["warning", "info"] * 2
    assert logs[0]["event"] == "the limit is out of reach: calls go out"
    assert logs[0]["error"] == "connection refused"
    assert logs[1]["event"] == "the limit is back"
