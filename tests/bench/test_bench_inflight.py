"""The benchmark of jobs in flight in its short form: our own side of it."""

import pytest

from bench.inflight.holders import Load
from bench.inflight.trial import run

pytestmark = pytest.mark.long


def test_jobs_that_were_held_are_all_delivered_once() -> None:
    """Given twenty jobs that their provider does not end, held by one worker, when it lets them end, I expect
    each to have been looked at meanwhile, paid for once and delivered once, and nothing to be left."""
    figures = run("darkroom", Load(20), windows=1, window_s=3.0, settle_s=1.0)
    assert {name: figures[name] for name in ("jobs_held", "delivered", "lost", "delivered_again")} == {
        "jobs_held": 20,
        "delivered": 20,
        "lost": 0,
        "delivered_again": 0,
    }
    assert figures["paid_again"] == figures["left"] == 0
    assert figures["polls_per_s"] > 0
    assert figures["memory_mb"] > 0
