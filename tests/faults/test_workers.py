"""Workers that die, hang, or lose the lease of what they work on."""

import time

import pytest

from .house import House

pytestmark = pytest.mark.faults

MISSED_S = 7.0
"""A dead worker's job goes on within this time: the lease of 1.5 s, the sweep, and a busy machine."""


def test_a_worker_is_killed_while_it_polls(house: House) -> None:
    """Given a job in mid-poll, when its worker gets SIGKILL, I expect another to go on from the saved
    prediction id."""
    ann = house.person()
    shown, before = house.running(ann, "a sunken galleon")
    house.kill(house.holder(before))
    died = time.monotonic()
    after = house.taken_over(before)
    assert time.monotonic() - died < MISSED_S
    assert (after.prediction, after.crashes) == (before.prediction, 1)
    house.stack.provider.release()
    ann.result(shown)
    (job,) = house.check()
    assert job.crashes == 1
