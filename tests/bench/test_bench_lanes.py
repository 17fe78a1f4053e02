"""The benchmarks work: they write what they promise and lose no job. Their figures are nobody's test."""

import json
from pathlib import Path

import pytest

from bench import admission, lanes
from bench.admission.plot import draw as draw_admission
from bench.lanes.plot import draw as draw_lanes

pytestmark = pytest.mark.long

LANES_KEYS = {
    "vip_wait_p95_ratio",
    "regular_throughput_share",
    "light_user_wait_p95_ratio",
    "longest_wait_s",
    "wait_bound_s",
}
ADMISSION_KEYS = {"offered_per_s", "done_per_s", "client_ms", "redis_ms", "max_per_s", "redis_max_per_s"}


def test_the_lanes_benchmark_in_its_short_form_loses_no_job(tmp_path: Path) -> None:
    """All jobs that it sent were delivered (it raises otherwise); the figures can be written and drawn."""
    figures, parts = lanes.run(lanes.SHORT)
    draw_lanes(tmp_path / "lanes.png", figures, *parts)
    assert set(figures) >= LANES_KEYS
    assert json.loads(json.dumps(figures))["jobs"] > 100
    assert (tmp_path / "lanes.png").stat().st_size > 1000


def test_the_admission_benchmark_in_its_short_form_accepts_all(tmp_path: Path) -> None:
    figures, (offered, inside) = admission.run(rate=50, seconds=0.5)
    draw_admission(tmp_path / "admission.png", offered, inside, admission.TARGET_MS)
    assert set(figures) >= ADMISSION_KEYS
    assert set(figures["answers"]) == {"Accepted"}
    assert len(inside) >= len(offered) > 0
    assert (tmp_path / "admission.png").stat().st_size > 1000
