"""Rates in Celery's syntax, with a burst."""

import subprocess
import sys

import pytest
from celery.utils.time import rate as celery_rate

from config.settings import ROOT
from jobs.limits import Rate, parse_rate, user_rates
from jobs.model import Tier


@pytest.mark.parametrize(
    ("text", "per_s", "burst"),
    [
        ("10/m", 10 / 60, 10),
        ("2/s", 2.0, 2),
        ("30/h", 30 / 3600, 30),
        ("10/m, burst 3", 10 / 60, 3),
        ("0.5/s", 0.5, 1),
    ],
)
def test_a_rate_is_read_as_celery_reads_it(text: str, per_s: float, burst: int) -> None:
    assert parse_rate(text) == Rate(per_s, burst)
    assert parse_rate(text).per_s == pytest.approx(celery_rate(text.partition(",")[0]))


@pytest.mark.parametrize("text", ["", "10", "10/d", "ten/m", "0/m", "10/m burst 3", "10/m, burst 0", "-1/m"])
def test_a_typo_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="must be written 10/m or 10/m, burst 3"):
        parse_rate(text)


def test_annotations_without_a_rate_set_no_limit() -> None:
    assert user_rates({"rate_limit": "1/s"}) == {}
    assert user_rates({"user_rate_limit": "10/m"}) == {Tier.REGULAR: Rate(10 / 60, 10)}


@pytest.mark.parametrize(
    "setting", ["USER_RATE_LIMIT", "VIP_USER_RATE_LIMIT", "REFUSED_RATE_LIMIT", "GENERATE_RATE_LIMIT"]
)
def test_a_typo_in_the_environment_stops_the_process_at_start(setting: str) -> None:
    """Given a mistyped rate, whatever loads celeryconfig ends with one sentence that names it."""
    ended = subprocess.run(
        [sys.executable, "-c", "import celeryconfig"],
        cwd=ROOT,
        env={setting: "10/minute"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith(f"{setting} must be written 10/m")
