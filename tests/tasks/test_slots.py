"""Slots: what a held job is told, and when. The ledger here hands out leases and nothing more."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import pytest
import structlog
from patience import LONG_S

from jobs.errors import LeaseLost
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger.jobs import Ledger, Renewal, Stage
from tasks.slots import CancelWanted, HandOver, Slot, Slots

FOX = Job(
    "fox",
    Request(Kind.IMAGE, "sketch", "a red fox"),
    Origin(1, 1, 1),
    Tier.REGULAR,
    Lane.IMG,
    State.RUNNING,
    token=1,
)
NOBODY: frozenset[str] = frozenset()


class Leases:
    """What `Slots` uses of a ledger: claims of free jobs succeed, and count up the token."""

    def __init__(self, *taken: str, cancel: bool = False) -> None:
        self.taken = set(taken)
        self.cancel = cancel
        self.claims = 0

    def claim(self, job_id: str, owner: str, stage: Stage, *, turn: bool) -> Job | None:
        assert turn is (stage is Stage.GENERATE)
        self.claims += 1
        if job_id in self.taken:
            return None
        return replace(FOX, id=job_id, owner=owner, token=self.claims, cancel=self.cancel)


def slots_of(leases: Leases) -> Slots:
    return Slots(cast(Ledger, leases), "worker-1")


@pytest.fixture
def slots() -> Iterator[Slots]:
    yield slots_of(Leases())
    structlog.contextvars.clear_contextvars()


def ended_by(slot: Slot, do: Callable[[], None]) -> tuple[float, BaseException | None]:
    """Wait in the slot while `do` is done elsewhere: how long it took, and what the wait raised."""
    timer = threading.Timer(0.05, do)
    timer.start()
    began = time.monotonic()
    error: BaseException | None = None
    try:
        slot.wait(LONG_S)
    except Exception as raised:
        error = raised
    timer.join()
    return time.monotonic() - began, error


def test_a_wait_that_nobody_ends_takes_its_time() -> None:
    began = time.monotonic()
    Slot(FOX).wait(0.05)
    assert 0.05 <= time.monotonic() - began < LONG_S


def test_a_wake_up_ends_the_wait_and_no_later_one(slots: Slots) -> None:
    """Given a waiting slot, its wake-up ends this wait at once; the next one lasts again."""
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        took, error = ended_by(slot, lambda: slots.wake("fox"))
        assert (took < LONG_S, error) == (True, None)
        began = time.monotonic()
        slot.wait(0.05)
        assert time.monotonic() - began >= 0.05


def test_a_wake_up_before_the_wait_is_not_forgotten(slots: Slots) -> None:
    """Given a webhook that came while the slot was busy, I expect it to look again at once."""
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        slots.wake("fox")
        began = time.monotonic()
        slot.wait(LONG_S)
        assert time.monotonic() - began < LONG_S


def test_a_wake_up_at_the_end_of_a_wait_is_not_lost() -> None:
    """Given short waits one after the other on a busy machine, I expect each wake-up to end one of them,
    also one that comes in the moment at which a wait ends by itself."""
    slot, woken, over = Slot(FOX), threading.Semaphore(0), False

    def waits() -> None:
        while not over:
            if slot.wait(0.001):
                woken.release()

    def works() -> None:
        while not over:
            sum(range(1000))

    threads = [threading.Thread(target=each) for each in (waits, works, works)]
    for each in threads:
        each.start()
    try:
        for number in range(50):
            slot.wake()
            assert woken.acquire(timeout=LONG_S), f"wake-up {number} was lost"
    finally:
        over = True
        for each in threads:
            each.join()


def test_news_that_a_beat_brings_ends_the_wait(slots: Slots) -> None:
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        slots.renewed(slots.tokens(), Renewal(NOBODY, NOBODY, frozenset({"fox"})))
        assert slot.wait(LONG_S)


def test_news_that_was_heard_is_not_told_again(slots: Slots) -> None:
    """Given a slot that was woken and has looked, I expect the next beat with the same news to let it be."""
    news = Renewal(NOBODY, NOBODY, frozenset({"fox"}))
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        slots.wake("fox")
        assert slot.wait(LONG_S)
        slots.renewed(slots.tokens(), news)
        assert not slot.wait(0.01)
        slots.renewed(slots.tokens(), news)
        assert slot.wait(LONG_S)


@pytest.mark.parametrize("wake", ["cancel", "renewal", "lost", "drain"])
def test_each_reason_to_stop_ends_the_wait_as_what_it_is(slots: Slots, wake: str) -> None:
    expected = {"cancel": CancelWanted, "renewal": CancelWanted, "lost": LeaseLost, "drain": HandOver}[wake]
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        reasons: dict[str, Callable[[], None]] = {
            "cancel": lambda: slots.wake("fox", cancel=True),
            "renewal": lambda: slots.renewed(slots.tokens(), Renewal(NOBODY, frozenset({"fox"}))),
            "lost": lambda: slots.renewed(slots.tokens(), Renewal(frozenset({"fox"}), NOBODY)),
            "drain": slots.drain,
        }
        took, error = ended_by(slot, reasons[wake])
        assert took < LONG_S
        assert type(error) is expected
        with pytest.raises(expected):
            slot.check()


def test_a_lost_lease_counts_before_everything_else(slots: Slots) -> None:
    """Given a job that is lost, cancelled and draining, I expect that nothing more is written for it."""
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        slots.drain()
        slots.wake("fox", cancel=True)
        slots.renewed(slots.tokens(), Renewal(frozenset({"fox"}), NOBODY))
        with pytest.raises(LeaseLost):
            slot.check()


def test_the_loss_of_an_earlier_lease_does_not_end_a_later_one(slots: Slots) -> None:
    """Given a renewal under way while the job was claimed anew, its answer is about the old lease."""
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        held = slots.tokens()
        slot.job = replace(slot.job, token=slot.job.token + 1)
        slots.renewed(held, Renewal(frozenset({"fox"}), NOBODY))
        slot.check()


def test_a_cancel_wanted_before_the_claim_stops_the_work_at_once() -> None:
    with slots_of(Leases(cancel=True)).hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        with pytest.raises(CancelWanted):
            slot.wait(LONG_S)


def test_a_job_that_is_not_to_be_had_is_no_slot() -> None:
    slots = slots_of(Leases("fox"))
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is None
        assert slots.busy().total() == 0
    slots.wake("fox", cancel=True)


def test_a_draining_process_claims_nothing() -> None:
    leases = Leases()
    slots = slots_of(leases)
    slots.drain()
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is None
    assert leases.claims == 0


def test_a_download_stops_between_two_chunks(slots: Slots) -> None:
    """Given a file that is streaming in, a cancel ends it before the next chunk."""
    with slots.hold("fox", Stage.GENERATE) as slot:
        assert slot is not None
        chunks = slot.watch([b"one", b"two", b"three"])
        assert next(chunks) == b"one"
        slots.wake("fox", cancel=True)
        with pytest.raises(CancelWanted):
            next(chunks)


def test_slots_are_counted_while_they_are_held_and_let_go_after_any_error(slots: Slots) -> None:
    """What is let go is neither renewed nor woken any more."""
    with slots.hold("fox", Stage.GENERATE) as fox, slots.hold("cat", Stage.GENERATE):
        assert (slots.busy().total(), slots.tokens()) == (2, {"fox": 1, "cat": 2})
    assert (slots.busy().total(), slots.tokens()) == (0, {})
    assert fox is not None
    slots.wake("fox", cancel=True)
    fox.check()
    with pytest.raises(ZeroDivisionError), slots.hold("fox", Stage.GENERATE):
        1 / 0  # noqa: B018  any error of ours
    assert slots.busy().total() == 0


def test_the_delivery_of_a_job_may_be_held_before_its_generation_is_let_go(slots: Slots) -> None:
    """Given both in one process, the end of the first keeps the second's lease renewed."""
    generation = slots.hold("fox", Stage.GENERATE)
    generation.__enter__()
    with slots.hold("fox", Stage.DELIVER) as delivery:
        assert delivery is not None
        generation.__exit__(None, None, None)
        assert slots.tokens() == {"fox": delivery.job.token}


def test_every_line_of_a_held_job_names_it(slots: Slots) -> None:
    with slots.hold("fox", Stage.GENERATE):
        assert structlog.contextvars.get_contextvars()["job"] == "fox"
    assert "job" not in structlog.contextvars.get_contextvars()


def test_a_call_whose_answer_is_worth_a_moment_gets_it() -> None:
    """Given a cancel during such a call, I expect it heard after the moment and not before; a process that
    only stops does not end the call."""
    slot = Slot(FOX)
    patient, impatient = slot.patient(3600.0), slot.patient(0.0)
    slot.draining = True
    patient()
    impatient()
    slot.cancel = True
    patient()
    with pytest.raises(CancelWanted):
        impatient()
    with pytest.raises(CancelWanted):
        slot.check()
