"""The waits of a worker, seen through a sleep that writes down instead of sleeping."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from tenacity import RetryError

from config.settings import Settings
from jobs.errors import JobFailed, LedgerUnavailable, PassingError
from jobs.failures import Failure
from tasks import waits
from tasks.slots import CancelWanted

SETTINGS = Settings()
JITTER = 0.1 * SETTINGS.poll_first_s


class Clock:
    """A time that passes only in its own `sleep`; `slept` holds every wait."""

    def __init__(self, deadline: float = 3600.0) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._deadline = deadline

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def left(self) -> float:
        return self._deadline - self.now


def answers(*given: Any) -> Callable[[], Any]:
    """A call that gives one answer after the other, or raises it; the last one for ever."""
    left = list(given)

    def call() -> Any:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return call


def poll(clock: Clock, look: Callable[[], Any]) -> Any:
    return waits.polling(SETTINGS, clock.sleep, clock.left, lambda found: found == "done")(look)


def close(seen: Iterable[float], wanted: Iterable[float]) -> bool:
    """Whether each wait is the wanted one or up to the jitter longer."""
    return all(at <= found <= at + JITTER for found, at in zip(seen, wanted, strict=True))


# Polling.


def test_polls_begin_at_2_s_and_grow_by_a_fifth_up_to_10_s() -> None:
    """Given 14 looks without an end, the waits are 2, 2.4, 2.88 ... 10, 10, each with a little jitter."""
    clock = Clock()
    assert poll(clock, answers(*["running"] * 14, "done")) == "done"
    assert clock.slept[:3] == pytest.approx([2, 2.4, 2.88], abs=JITTER)
    assert close(clock.slept, [min(10, 2 * 1.2**n) for n in range(14)])
    assert clock.slept[-1] >= 10


def test_the_jitter_differs_from_poll_to_poll() -> None:
    """Given many jobs that started together, their polls drift apart."""
    firsts = []
    for _ in range(20):
        clock = Clock()
        poll(clock, answers("running", "done"))
        firsts.append(clock.slept[0])
    assert len(set(firsts)) > 10


def test_an_end_at_the_first_look_is_not_waited_for() -> None:
    clock = Clock()
    assert poll(clock, answers("done")) == "done"
    assert clock.slept == []


def test_the_last_look_is_at_the_deadline_and_none_comes_after() -> None:
    """Given a prediction that never ends, the waits together are exactly the time that was left."""
    clock = Clock(deadline=25.0)
    with pytest.raises(RetryError):
        poll(clock, answers("running"))
    assert sum(clock.slept) == pytest.approx(25.0)
    assert max(clock.slept) <= 10 + JITTER


def test_a_deadline_that_has_passed_leaves_one_look() -> None:
    """Given a job that is taken over late, its prediction may have ended meanwhile: it is looked at once."""
    clock = Clock(deadline=-5.0)
    assert poll(clock, answers("done")) == "done"
    with pytest.raises(RetryError):
        poll(clock, answers("running"))
    assert clock.slept == []


def test_a_provider_that_stumbles_is_asked_again_in_the_same_rhythm() -> None:
    clock = Clock()
    assert poll(clock, answers(PassingError("HTTP 502"), PassingError("HTTP 502"), "done")) == "done"
    assert close(clock.slept, [2, 2.4])


def test_a_provider_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    clock = Clock()
    assert poll(clock, answers(PassingError("HTTP 429", retry_after=30.0), "running", "done")) == "done"
    assert clock.slept[0] == 30.0
    assert close(clock.slept[1:], [2.4])


def test_advice_beyond_the_deadline_does_not_move_the_deadline() -> None:
    clock = Clock(deadline=20.0)
    with pytest.raises(RetryError):
        poll(clock, answers(PassingError("HTTP 429", retry_after=3600.0)))
    assert clock.slept == [20.0]


def test_an_error_that_does_not_pass_ends_the_polling() -> None:
    clock = Clock()
    with pytest.raises(JobFailed, match="refused"):
        poll(clock, answers("running", JobFailed(Failure.REFUSED)))
    assert len(clock.slept) == 1


def test_a_wait_that_is_broken_off_ends_the_polling() -> None:
    """Given a cancel that comes during a wait, its reason comes out as it is."""

    def sleep(_: float) -> None:
        raise CancelWanted("fox")

    with pytest.raises(CancelWanted):
        waits.polling(SETTINGS, sleep, lambda: 60.0, lambda found: found == "done")(answers("running"))


# Errors that pass.


def test_passing_errors_are_tried_again_a_bounded_number_of_times() -> None:
    """Given a provider that stays away, five attempts are made, and the last error comes out."""
    clock = Clock()
    tried: list[int] = []

    def call() -> None:
        tried.append(1)
        raise PassingError(f"attempt {len(tried)}")

    with pytest.raises(PassingError, match="attempt 5"):
        waits.passing(clock.sleep)(call)
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_waits_between_attempts_grow_to_15_s_at_most() -> None:
    clock = Clock()
    with pytest.raises(PassingError):
        waits.passing(clock.sleep, attempts=10)(answers(PassingError("away")))
    assert clock.slept == [0.5, 1, 2, 4, 8, 15, 15, 15, 15]


def test_the_other_sides_advice_is_taken_up_to_a_minute() -> None:
    clock = Clock()
    call = answers(PassingError("429", 7.0), PassingError("429", 3600.0), PassingError("429", 0.1), "done")
    assert waits.passing(clock.sleep)(call) == "done"
    assert clock.slept == [7.0, 60.0, 2.0]


def test_other_errors_are_not_tried_again() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="broken"):
        waits.passing(clock.sleep)(answers(ValueError("broken"), "done"))
    assert clock.slept == []


# A ledger that is away.


def test_a_write_is_repeated_until_the_ledger_takes_it() -> None:
    """Given a ledger that comes back, what it is told is not lost."""
    assert waits.ledger_back(5.0)(answers(LedgerUnavailable("away"), LedgerUnavailable("away"), 7)) == 7


def test_a_ledger_that_stays_away_is_given_up_after_a_while() -> None:
    with pytest.raises(LedgerUnavailable):
        waits.ledger_back(0.3)(answers(LedgerUnavailable("away")))
