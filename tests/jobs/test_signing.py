"""The signature of a job's id in a webhook's URL."""

import pytest

from jobs.signing import is_one_of, is_signature, signature

SECRET = "a long secret of this deployment"
NEW = "the new secret of this one"


def test_our_own_signature_is_known() -> None:
    assert is_signature([SECRET], "fox", signature(SECRET, "fox"))
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
    assert not is_signature([SECRET], job_id, given)


def test_a_secret_is_replaced_without_a_gap() -> None:
    """Given a job that was submitted before the secret was replaced, its URL is known while the secret is the
    one before, and no longer when it is gone."""
    url = signature(SECRET, "fox")
    assert is_signature([NEW, SECRET], "fox", url)
    assert is_signature([NEW, SECRET], "fox", signature(NEW, "fox"))
    assert not is_signature([NEW], "fox", url)
    assert not is_signature([], "fox", url)
    assert not is_one_of([], "")
