"""The polling benchmark works: it writes and draws what it promises. Its figures are nobody's test."""

import json
from pathlib import Path

import pytest

from bench import polling
from bench.polling.lookout import BACKOFF, FIXED, HINTED, OURS
from bench.polling.plot import draw
from bench.polling.traces import traces

pytestmark = pytest.mark.long

KEYS = {"requests_per_job", "mean_lag_s", "p95_lag_s"}


def test_the_polling_benchmark_in_its_short_form_notices_every_end(tmp_path: Path) -> None:
    """On virtual time: each job of each trace has ended under each policy, none before its time."""
    given = traces(30)
    figures = {"traces": polling.on_traces(given), "crowd": polling.in_crowds((5, 10), 60.0)}
    draw(tmp_path / "polling.png", figures)
    assert {trace.name for trace in given} >= {"image", "video", "bimodal", "drifting", "unseen"}
    for trace in given:
        found = figures["traces"][trace.name]
        assert set(found) >= {FIXED.name, BACKOFF.name, OURS.name, HINTED.name}
        for policy in found.values():
            assert policy["jobs"] == len(trace.durations)
            assert set(policy) >= KEYS
            assert policy["mean_lag_s"] >= 0
            assert policy["requests_per_job"] >= 1
    assert json.loads(json.dumps(figures))["crowd"]["10"][OURS.name]["requests_per_s"] > 0
    assert (tmp_path / "polling.png").stat().st_size > 1000


def test_the_benchmark_names_what_was_promised_and_not_found() -> None:
    """Given figures that fall short, I expect a sentence for each."""
    good = {"requests_per_job": 1.0, "mean_lag_s": 1.0}
    bad = {"requests_per_job": 2.0, "mean_lag_s": 2.0}
    one = {OURS.name: bad, BACKOFF.name: good, HINTED.name: bad}
    crowd = {"300": {OURS.name: {"requests_per_s": 99.0}}}
    assert len(polling.misses({"traces": {"image": one}, "crowd": crowd})) == 4
    fine = {OURS.name: good, BACKOFF.name: bad, HINTED.name: good}
    assert polling.misses({"traces": {"image": fine}, "crowd": {}}) == []
