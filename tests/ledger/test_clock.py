"""The ledger's clock, as a process knows it."""

import pytest

from ledger.clock import Clock


class Machine:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_between_two_answers_time_passes_as_the_machine_measures_it() -> None:
    machine = Machine()
    clock = Clock(machine)
    clock.learn(1_800_000_000.0)
    machine.seconds += 7.5
    assert clock.now() == 1_800_000_007.5
    clock.learn(1_799_999_400.0)
    assert clock.now() == 1_799_999_400.0


def test_a_wait_is_measured_by_the_clock_that_it_began_with() -> None:
    """Given a wait under way when the ledger's clock is put forward or back, I expect it to stay as long."""
    machine = Machine()
    clock = Clock(machine)
    clock.learn(1_800_000_000.0)
    fixed = clock.fixed()
    for jump in (600, -1200):
        machine.seconds += 1
        clock.learn(clock.now() + jump)
    assert fixed() == 1_800_000_002.0


def test_nobody_guesses_the_time() -> None:
    """Given a process that was never told the time, I expect no answer rather than the machine's own."""
    clock = Clock()
    assert not clock.known
    with pytest.raises(ValueError, match="has not told the time"):
        clock.now()
