"""The memory benchmark works: the large file arrives whole, no job is lost. Nobody tests its figures."""

import json

import pytest

from bench import memory

pytestmark = pytest.mark.long


@pytest.mark.parametrize("store", ["local", "s3"])
def test_the_memory_benchmark_in_its_short_form_loses_nothing(store: str) -> None:
    """Every job was delivered, and the large file as it was made (it raises otherwise)."""
    figures = json.loads(json.dumps(memory.run(jobs=8, large_mb=12, batch=4, stores=(store,))))
    large, small = figures[store]["large"], figures[store]["small"]
    assert large["size_mb"] == 12
    assert large["peak_mb"] >= large["before_mb"] > 0
    assert large["grown_mb"] == large["peak_mb"] - large["before_mb"]
    assert [done for done, _ in small["series"]] == [4, 8]
    assert small["jobs"] == 8
    assert "load" in figures["machine"]
