"""The comparison with other task queues in its short form: our own side of it."""

import pytest

from bench.peers.trial import Plan, run

pytestmark = pytest.mark.long


def test_a_short_trial_loses_nothing() -> None:
    """Given a steady load, a burst and a SIGKILL of one of two workers, I expect every job to be delivered
    once and to be paid for once."""
    plan = Plan(slots=8, seconds=0.8, sigma=0.1, steady=4, burst=16, patience_s=40.0)
    figures = run("darkroom", plan)
    assert figures["steady_delivered"] == plan.steady
    assert {name: figures[name] for name in ("killed", "lost", "paid_again", "delivered_again")} == {
        "killed": plan.slots,
        "lost": 0,
        "paid_again": 0,
        "delivered_again": 0,
    }
    assert figures["jobs_per_s"] > 0
    assert figures["memory_mb_per_100"] > 0
