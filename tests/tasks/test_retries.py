"""The policies of waiting, seen through a sleep that writes down what it was asked for."""

import itertools
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from patience import LONG_S, promised

import retries
from config.settings import Settings
from jobs.errors import JobFailed, LedgerUnavailable, PassingError
from jobs.failures import Failure
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
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


def in_a_loop(call: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    """The same call as a coroutine function."""

    async def attempt() -> Any:
        return call()

    return attempt


def done(found: Any) -> bool:
    return bool(found == "done")


def poll(clock: Clock, call: Callable[[], Any]) -> Any:
    """Looks after 2 s, 3 s, 4 s, ... from one to the next."""
    rhythm = itertools.count(2.0).__next__
    return retries.polling(JITTER, clock.sleep, rhythm, clock.left, done)(call)


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

    with pytest.raises(retries.OutOfTime):
        poll(clock, look)
    assert sum(clock.slept) == pytest.approx(10)
    assert looks[-1] == pytest.approx(10)
    assert len(looks) == 5  # at 0, 2, 5, 9 and 10 s


def test_a_deadline_that_is_over_still_allows_one_look() -> None:
    """Given a job resumed after its deadline, I expect one look: it may be done by now."""
    assert poll(Clock(deadline_s=-5), answers("done")) == "done"
    late = Clock(deadline_s=-5)
    with pytest.raises(retries.OutOfTime):
        poll(late, answers("running"))
    assert late.slept == []


def test_passing_errors_of_a_poll_are_outlived_until_the_deadline() -> None:
    clock = Clock(deadline_s=60)
    assert poll(clock, answers(*[PassingError("502")] * 4, "done")) == "done"
    assert len(clock.slept) == 4
    with pytest.raises(retries.OutOfTime):
        poll(Clock(deadline_s=60), answers(PassingError("502")))


def test_a_poll_comes_back_when_the_provider_says() -> None:
    """Given a 429 that asks for 30 s, I expect that wait, and the usual rhythm after it."""
    clock = Clock()
    poll(clock, answers(PassingError("429", 30.0), "running", "done"))
    assert clock.slept[0] == 30.0
    assert 3 <= clock.slept[1] <= 3 + JITTER


def test_advice_beyond_the_deadline_is_cut_to_it() -> None:
    clock = Clock(deadline_s=5)
    with pytest.raises(retries.OutOfTime):
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


async def test_an_event_loop_waits_for_the_ledger_by_the_same_policy() -> None:
    """Given a ledger that is away for three calls of a coroutine, the write is made; one that stays away is
    given up with its own error, and an error of another kind at once."""
    gone = LedgerUnavailable("connection refused")
    write = in_a_loop(answers(gone, gone, gone, "written"))
    assert await retries.ledger_back(LONG_S).call_async(write) == "written"
    with pytest.raises(LedgerUnavailable, match="connection refused"):
        await retries.ledger_back(0.3).call_async(in_a_loop(answers(gone)))
    with pytest.raises(JobFailed):
        await retries.ledger_back(LONG_S).call_async(in_a_loop(answers(JobFailed(Failure.REJECTED))))


def test_those_who_wait_for_the_ledger_do_not_come_back_all_at_once() -> None:
    """Given two callers who miss the ledger at once, I expect waits that grow, each with its own jitter."""
    gone, slept = LedgerUnavailable("connection refused"), []
    for _ in range(2):
        clock = Clock()
        replace(retries.ledger_back(LONG_S), sleep=clock.sleep)(answers(gone, gone, gone, "written"))
        jitters = [wait - least for least, wait in zip((0.1, 0.2, 0.4), clock.slept, strict=True)]
        assert all(-1e-9 <= jitter <= 0.1 + 1e-9 for jitter in jitters)
        slept.append(clock.slept)
    assert slept[0] != slept[1]


def test_a_coroutine_function_is_not_called_in_a_thread() -> None:
    """Given a coroutine function where a plain one is meant, I expect that to be said, as its errors would
    pass by the policy unseen."""
    with pytest.raises(TypeError, match="call_async"):
        retries.ledger_back(5)(in_a_loop(answers("written")))


def test_within_a_time_no_wait_is_longer_than_allowed() -> None:
    """Given passing errors, one of them with advice, and an error that is named beside them, I expect short
    waits that grow, and the advice to be cut to the longest."""
    clock, also = Clock(), LookupError("dropped")
    away, later = PassingError("away"), PassingError("429", 30.0)
    trying = retries.passing_within(LONG_S, clock.sleep, 2.0, also=(LookupError,))
    assert trying(answers(away, also, later, away, away, away, "sent")) == "sent"
    assert clock.slept == pytest.approx([0.1, 0.2, 2.0, 0.8, 1.0, 1.0])
    with pytest.raises(LookupError):
        retries.passing_within(0, clock.sleep, 2.0, also=(LookupError,))(answers(also))
    with pytest.raises(LookupError):
        retries.passing_within(LONG_S, clock.sleep, 2.0)(answers(also, "sent"))


def test_what_has_surely_not_been_done_is_tried_for_half_a_minute() -> None:
    """Given trouble that stays, I expect five attempts; given advice beyond half a minute, no second one."""
    clock = Clock()
    trying = replace(retries.persistent(), sleep=clock.sleep)
    with pytest.raises(PassingError, match="away"):
        trying(answers(PassingError("away")))
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]
    with pytest.raises(PassingError, match="429"):
        trying(answers(PassingError("429", 31.0), "said"))
    assert len(clock.slept) == 4


def test_a_start_goes_on_until_it_succeeds() -> None:
    """Given twenty errors that pass, one of them with advice, I expect each to be told with the wait after
    it, the advice to be kept to, and all other waits to grow to a quarter of a minute; an error that does
    not pass ends it."""
    clock, told = Clock(), []
    trying = replace(
        retries.endless(
            lambda error: not isinstance(error, JobFailed),
            lambda error: getattr(error, "retry_after", None),
            lambda error, wait_s: told.append((str(error), wait_s)),
        ),
        sleep=clock.sleep,
    )
    errors = [*[LookupError("away")] * 19, PassingError("429", 77.0)]
    assert trying(answers(*errors, "started")) == "started"
    assert told == [(str(error), wait_s) for error, wait_s in zip(errors, clock.slept, strict=True)]
    assert clock.slept[-1] == 77.0
    assert 0.5 <= clock.slept[0] <= 1.0
    assert clock.slept[:19] == [pytest.approx(wait, abs=0.51) for wait in (0.5, 1, 2, 4, 8, *[15] * 14)]
    with pytest.raises(JobFailed):
        trying(answers(LookupError("away"), JobFailed(Failure.REJECTED), "started"))


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
    asking = retries.polling(JITTER, held.wait, lambda: 2 * LONG_S, lambda: 9 * LONG_S, done)
    with after(0.1, held.wake):
        assert asking(answers("running", "done")) == "done"
    assert time.monotonic() - began < LONG_S


def test_a_cancel_ends_a_wait_for_good() -> None:
    held = slot()

    def cancel() -> None:
        held.cancel = True
        held.wake()

    asking = retries.polling(JITTER, held.wait, lambda: 2 * LONG_S, lambda: 9 * LONG_S, done)
    with after(0.1, cancel), pytest.raises(CancelWanted):
        asking(answers("running"))
