"""Histograms as the ledger keeps them."""

import math

import pytest

from ledger import histograms


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (0.0, "50"),
        (0.05, "50"),
        (0.0501, "50"),
        (0.051, "100"),
        (900.0, "900000"),
        (900.001, "inf"),
        (-3, "50"),
    ],
)
def test_a_value_falls_into_the_first_bucket_that_holds_it(value: float, field: str) -> None:
    fields = histograms.fields_of("job:wait", histograms.SECONDS, value)
    assert fields == {f"job:wait:{field}": 1, "job:wait:sum": max(0, round(value * 1000))}


def test_buckets_add_up_and_end_with_all() -> None:
    kept = histograms.by_name(
        {"a:b:50": "1", "a:b:1000": "2", "a:b:inf": "4", "a:b:sum": "5500", "a:c:50": "9"}
    )
    buckets, total = histograms.cumulative(kept["a:b"], (0.05, 1.0, 2.0))
    assert buckets == [(0.05, 1), (1.0, 3), (2.0, 3), (math.inf, 7)]
    assert total == 5.5


def test_bounds_of_an_earlier_version_are_still_counted() -> None:
    buckets, _ = histograms.cumulative({"70": 3, "sum": 210}, (0.05, 0.1))
    assert buckets == [(0.05, 0), (0.1, 3), (math.inf, 3)]
