"""Every query of every dashboard, on a real Prometheus that has watched a load run of the real stack."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bench.load.dashboards import empty_panels
from bench.load.observed import Observed
from monitoring.dashboards.__main__ import texts
from monitoring.pictures import draw
from monitoring.prometheus_api import QueryRefused

pytestmark = [
    pytest.mark.monitoring,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="prometheus is not installed (Debian: apt install prometheus)",
    ),
]


@pytest.fixture(scope="module")
def run() -> Iterator[Observed]:
    """What was seen of users with every kind of luck."""
    with Observed() as started:
        started.load(seconds=40, per_s=2, trouble_s=1.5)
        started.settle(30)
        yield started


def test_no_panel_is_empty(run: Observed) -> None:
    """Given a run with throttling, failures, webhooks, VIPs, cancels and a killed worker, I expect values
    for every query of every panel."""
    assert empty_panels(run) == []


def test_everybody_got_an_end_and_the_books_are_right(run: Observed) -> None:
    """The run itself must be sound: jobs were delivered, and none is missing."""
    delivered = run.prometheus.now('sum(jobs_total{status="delivered"})')
    assert delivered[0].points[-1][1] > 20
    assert run.prometheus.now("max(jobs_unaccounted)")[0].points[-1][1] == 0


def test_a_query_without_values_or_sense_is_found_out(run: Observed) -> None:
    """The check can fail: a metric that is not there gives nothing, and no expression is an error."""
    assert run.prometheus.now("no_such_metric") == []
    with pytest.raises(QueryRefused, match="parse error"):
        run.prometheus.now("sum(")


def test_each_dashboard_becomes_a_picture(run: Observed, tmp_path: Path) -> None:
    for name, text in texts().items():
        picture = tmp_path / f"{name}.png"
        draw(json.loads(text), run.prometheus, run.began, time.time(), picture)
        with Image.open(picture) as image:
            assert image.width > 1000
            assert len(image.convert("RGB").getcolors(1 << 24) or []) > 50
