"""The benchmarks of load work in their short forms: they lose nothing, make nothing twice, and would notice.
Times prove nothing here."""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench import load
from bench.chaos.histories import Answers
from bench.harness.deployment import Deployment
from bench.load import growth, growth_plot, surge, throughput, toll
from bench.load import plot as load_plot
from bench.load.surge import Seen, Surge
from bench.load.users import Ask, Habits
from jobs.model import Kind

pytestmark = pytest.mark.long

KEYS = {
    *("users", "jobs", "delivered", "lost", "duplicates", "errors_share", "mean_s", "queue_max", "cpu_share"),
    *("memory_share", "in_ms", "out_ms", "provider_requests_per_s"),
}
FEW = Deployment(1, 1, 1, 1, image_s=0.3, video_s=0.6, lifted=True)
SHORT = Surge(12, 4.0, FEW, Habits(think_s=0.5, cancels=0.1, cancel_s=0.1), patience_s=30.0)


def test_a_short_load_run_loses_no_job_and_makes_none_twice(tmp_path: Path) -> None:
    """Given a dozen users, some VIP, some who change their mind, I expect each request answered."""
    figures = load.measure(SHORT)
    assert set(figures) >= KEYS
    assert set(figures["in_ms"]) == set(figures["out_ms"]) == {"p50", "p95", "p99"}
    assert figures["jobs"] > 0
    assert (figures["lost"], figures["duplicates"], figures["failed"]) == (0, 0, 0)
    assert figures["delivered"] + figures["cancelled"] == figures["jobs"]
    assert figures["calls"]["provider create"]["per_job"] > 0
    load_plot.draw(tmp_path / "load.png", [json.loads(json.dumps(figures))])
    assert (tmp_path / "load.png").stat().st_size > 1000


def test_a_short_run_at_full_speed_delivers_every_job() -> None:
    """Given a provider that answers at once and users who do not pause, I expect the same."""
    options = argparse.Namespace(users=4, seconds=2.0, image=1, slots=8)
    figures = toll.figures(surge.run(throughput.plan_of(options)))
    assert figures["jobs"] == figures["delivered"] >= 4
    assert (figures["lost"], figures["duplicates"]) == (0, 0)


def test_a_short_growth_run_fills_the_ledger_and_still_delivers(tmp_path: Path) -> None:
    axes = growth.run({"ended jobs": (50,)}, per_s=8.0, seconds=2.0)
    (point,) = axes["ended jobs"]
    assert point["jobs"] > 0
    assert (point["lost"], point["duplicates"]) == (0, 0)
    growth_plot.draw(tmp_path / "growth.png", axes)
    assert (tmp_path / "growth.png").stat().st_size > 1000


def test_a_request_that_nobody_answered_is_lost_and_a_second_result_or_payment_is_a_duplicate() -> None:
    """Given one answered, a silent chat, two results, and one paid twice, I expect each to be named."""
    asks = [Ask(chat, Kind.IMAGE, f"fox {chat}", 0.0, False, message=1) for chat in (1, 2, 3, 4)]
    result: dict[str, Any] = {"media": {}}
    answers = {(1, 1): Answers([result]), (3, 1): Answers([result, result]), (4, 1): Answers([result])}
    submissions = [{"prompt": f"fox {chat}"} for chat in (1, 2, 3, 4, 4)]
    seen = cast(Seen, SimpleNamespace(answers=answers, submissions=submissions, jobs={}))
    assert toll.lost(seen, asks) == 1
    assert toll.duplicates(seen, asks) == 2


def test_a_job_that_hangs_is_lost() -> None:
    seen = cast(Seen, SimpleNamespace(answers={}, submissions=[], jobs={"a": SimpleNamespace(told=False)}))
    assert toll.lost(seen, []) == 1


def test_the_load_run_names_what_was_promised_and_not_found() -> None:
    """Given figures that fall short everywhere, I expect a sentence for each; for good ones none."""
    good: dict[str, Any] = dict.fromkeys(load.TARGETS, 0.0) | {"users": 300, "lost": 0, "duplicates": 0}
    good |= {"in_ms": {"p50": 1.0, "p99": 1.0}, "out_ms": {"p50": 1.0, "p99": 1.0}}
    assert load.misses(good, own=True) == []
    bad: dict[str, Any] = dict.fromkeys(load.TARGETS, 1000.0) | {"users": 300, "lost": 1, "duplicates": 1}
    bad |= {"in_ms": {"p50": 999.0, "p99": 999.0}, "out_ms": {"p50": 999.0, "p99": 999.0}}
    assert len(load.misses(bad, own=True)) == len(load.TARGETS) + 2 + 3
    assert len(load.misses(bad, own=False)) == len(load.TARGETS) + 2
