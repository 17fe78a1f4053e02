"""The policies of waiting, seen through a sleep that writes down what it was asked for."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from patience import LONG_S, promised
from tenacity import RetryError

from config.settings import Settings
from jobs.errors import JobFailed, LedgerUnavailable, PassingError
from jobs.failures import Failure
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from tasks import retries
from tasks.slots import CancelWanted, Slot

JITTER = 0.1 * Settings().poll_first_s


class Clock:
    """A clock that only sleeping moves; `slept` is the record."""

    def __init__(self, deadline_s: float = 1e9) -> None:
        self.slept: list[float] = []
        self.deadline = deadline_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def left(self) -> float:
        return self.deadline - sum(self.slept)


def answers(*given: Any) -> Callable[[], Any]:
    """A call that answers these, one after another: exceptions are raised, the last one stays."""
    queue = list(given)

    def call() -> Any:
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return call


def done(found: Any) -> bool:
    return bool(found == "done")


def poll(clock: Clock, call: Callable[[], Any]) -> Any:
    """Looks after 2 s, 3 s, 4 s, ... from one to the next."""
    rhythm = itertools.count(2.0).__next__
    return retries.polling(Settings(), clock.sleep, rhythm, clock.left, done)(call)


def test_polls_follow_the_rhythm() -> None:
    """Given a prediction that takes its time, I expect the waits of the rhythm, and a little more each."""
    clock = Clock()
    assert poll(clock, answers(*["running"] * 14, "done")) == "done"
    rhythm = range(2, 16)
    assert all(due <= wait <= due + JITTER for due, wait in zip(rhythm, clock.slept, strict=True))
    assert len({wait - due for due, wait in zip(rhythm, clock.slept, strict=True)}) > 1, "no jitter"


def test_a_first_answer_that_is_the_last_costs_no_wait() -> None:
    clock = Clock()
    poll(clock, answers("done"))
    assert clock.slept == []


def test_no_wait_goes_past_the_deadline() -> None:
    """Given 10 s and a prediction that never ends, I expect the last look at 10 s, and then the end."""
    clock = Clock(deadline_s=10)
    looks = []

    def look() -> str:
        looks.append(sum(clock.slept))
        return "running"

    with pytest.raises(RetryError):
        poll(clock, look)
    assert sum(clock.slept) == pytest.approx(10)
    assert looks[-1] == pytest.approx(10)
    assert len(looks) == 5  # at 0, 2, 5, 9 and 10 s


def test_a_deadline_that_is_over_still_allows_one_look() -> None:
    """Given a job resumed after its deadline, I expect one look: it may be done by now."""
    assert poll(Clock(deadline_s=-5), answers("done")) == "done"
    late = Clock(deadline_s=-5)
    with pytest.raises(RetryError):
        poll(late, answers("running"))
    assert late.slept == []


def test_passing_errors_of_a_poll_are_outlived_until_the_deadline() -> None:
    clock = Clock(deadline_s=60)
    assert poll(clock, answers(*[PassingError("502")] * 4, "done")) == "done"
    assert len(clock.slept) == 4
    with pytest.raises(RetryError):
        poll(Clock(deadline_s=60), answers(PassingError("502")))


def test_a_poll_comes_back_when_the_provider_says() -> None:
    """Given a 429 that asks for 30 s, I expect that wait, and the usual rhythm after it."""
    clock = Clock()
    poll(clock, answers(PassingError("429", 30.0), "running", "done"))
    assert clock.slept[0] == 30.0
    assert 3 <= clock.slept[1] <= 3 + JITTER


def test_advice_beyond_the_deadline_is_cut_to_it() -> None:
    clock = Clock(deadline_s=5)
    with pytest.raises(RetryError):
        poll(clock, answers(PassingError("429", 3600.0)))
    assert clock.slept == [5]


def test_a_final_error_ends_the_polling_at_once() -> None:
    clock = Clock()
    with pytest.raises(JobFailed):
        poll(clock, answers(JobFailed(Failure.NOT_CONFIGURED), "done"))
    assert clock.slept == []


def test_a_passing_error_is_tried_five_times() -> None:
    """Given a provider that stays away, I expect five attempts, growing waits, and its own error."""
    clock, calls = Clock(), []

    def call() -> None:
        calls.append(1)
        raise PassingError(f"attempt {len(calls)}")

    with pytest.raises(PassingError, match="attempt 5"):
        retries.passing(clock.sleep)(call)
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_advice_is_obeyed_for_at_most_a_minute() -> None:
    clock = Clock()
    assert (
        retries.passing(clock.sleep)(answers(PassingError("429", 7.0), PassingError("429", 9e9), "ok"))
        == "ok"
    )
    assert clock.slept == [7.0, 60.0]


def test_what_can_be_put_off_is_tried_briefly() -> None:
    """Given trouble that stays, I expect three attempts in two seconds; given advice to come back much later,
    none but the first; and what a moment mends to be mended."""
    clock = Clock()
    with pytest.raises(PassingError, match="away"):
        retries.brief(clock.sleep)(answers(PassingError("away")))
    assert clock.slept == [0.5, 1.0]
    patient = Clock()
    with pytest.raises(PassingError, match="429"):
        retries.brief(patient.sleep)(answers(PassingError("429", 60.0), "ok"))
    assert patient.slept == []
    assert retries.brief(Clock().sleep)(answers(PassingError("502"), PassingError("429", 2.0), "ok")) == "ok"


def test_only_passing_errors_are_tried_again() -> None:
    clock = Clock()
    with pytest.raises(JobFailed):
        retries.passing(clock.sleep)(answers(JobFailed(Failure.REJECTED), "ok"))
    assert clock.slept == []


def test_a_write_is_repeated_until_the_ledger_is_back() -> None:
    """Given a ledger that is away for three calls, the write is made; one that stays away is given up."""
    gone = LedgerUnavailable("connection refused")
    assert retries.ledger_back(5)(answers(gone, gone, gone, "written")) == "written"
    began = time.monotonic()
    with pytest.raises(LedgerUnavailable, match="connection refused"):
        retries.ledger_back(0.3)(answers(gone))
    assert 0.3 <= time.monotonic() - began < promised(3)


@contextmanager
def after(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Something that happens in a moment, elsewhere."""
    timer = threading.Timer(seconds, do)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def slot() -> Slot:
    request = Request(Kind.IMAGE, "sketch", "a red fox")
    return Slot(Job("fox", request, Origin(1, 1, 1), Tier.REGULAR, Lane.IMG, State.RUNNING))


def test_a_wake_up_ends_a_wait_at_once() -> None:
    """Given a poll that waits for minutes, when the slot is woken, I expect the next look right then."""
    held, began = slot(), time.monotonic()
    asking = retries.polling(Settings(), held.wait, lambda: 2 * LONG_S, lambda: 9 * LONG_S, done)
    with after(0.1, held.wake):
        assert asking(answers("running", "done")) == "done"
    assert time.monotonic() - began < LONG_S


def test_a_cancel_ends_a_wait_for_good() -> None:
    held = slot()

    def cancel() -> None:
        held.cancel = True
        held.wake()

    asking = retries.polling(Settings(), held.wait, lambda: 2 * LONG_S, lambda: 9 * LONG_S, done)
    with after(0.1, cancel), pytest.raises(CancelWanted):
        asking(answers("running"))
