"""The signature of a job's id in a webhook's URL."""

import pytest

from jobs.signing import is_signature, signature

SECRET = "a long secret of this deployment"


def test_our_own_signature_is_known() -> None:
    assert is_signature(SECRET, "fox", signature(SECRET, "fox"))
    assert len(signature(SECRET, "fox")) == 64


@pytest.mark.parametrize(
    ("job_id", "given"),
    [
        ("wolf", signature(SECRET, "fox")),
        ("fox", signature("another secret", "fox")),
        ("fox", signature(SECRET, "fox")[:-1]),
        ("fox", signature(SECRET, "fox").upper()),
        ("fox", ""),
        ("", ""),
        ("fox", "подпись"),
    ],
)
def test_nothing_else_is(job_id: str, given: str) -> None:
    assert not is_signature(SECRET, job_id, given)
