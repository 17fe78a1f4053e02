"""Which output is looked into first, for how long, and how a prediction without success is judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import retries
from jobs.errors import PassingError
from jobs.failures import Failure
from jobs.model import Kind
from media.download import OutputMissing
from media.store import StoreUnavailable
from providers.base import Prediction, Status
from tasks.generation import outputs
from tasks.generation.deadline import verdict
from tasks.generation.outputs import Unshown, again_in, patience, ranked

PNG, MP4, GIF = "https://r.example/a.png?x=1.mp4", "https://r.example/b.MP4#t=0", "https://r.example/c.gif"
BARE, WAV = "https://r.example/d", "https://r.example/e.wav"
DATA = "data:video/mp4;base64,AAAA"


@pytest.mark.parametrize(
    ("kind", "urls", "order"),
    [
        (Kind.VIDEO, [PNG, GIF, BARE, WAV, MP4], [MP4, GIF, BARE, PNG, WAV]),
        (Kind.IMAGE, [MP4, BARE, WAV, PNG, GIF], [PNG, GIF, BARE, MP4, WAV]),
        (Kind.VIDEO, [PNG, DATA], [DATA, PNG]),
        (Kind.IMAGE, [DATA, "https://[::1/a.png", PNG], [PNG, "https://[::1/a.png", DATA]),
        (Kind.VIDEO, [], []),
    ],
)
def test_what_promises_the_jobs_kind_is_looked_into_first(
    kind: Kind, urls: list[str], order: list[str]
) -> None:
    assert ranked(urls, kind) == order


@given(st.lists(st.sampled_from([PNG, MP4, GIF, BARE, WAV, DATA]), max_size=9), st.sampled_from(Kind))
def test_no_output_is_lost_by_the_order(urls: list[str], kind: Kind) -> None:
    assert sorted(ranked(urls, kind)) == sorted(urls)


@pytest.mark.parametrize(
    ("error", "deadline_in_s", "seconds"),
    [
        (PassingError("HTTP 500"), 300.0, outputs.PATIENCE_S),
        (StoreUnavailable("disk full"), 300.0, outputs.PATIENCE_S),
        (OutputMissing("HTTP 404"), 300.0, outputs.MISSING_S),
        (Unshown("nothing"), 300.0, 300.0),
        (Unshown("nothing"), -5.0, outputs.UNSHOWN_S),
    ],
)
def test_each_trouble_has_a_time_of_its_own(
    error: PassingError, deadline_in_s: float, seconds: float
) -> None:
    assert patience(error, deadline_in_s) == seconds


def test_attempts_become_rarer_and_end() -> None:
    """Given trouble that stays, I expect a bounded number of attempts, a minute apart at most."""
    age, attempts = 0.0, 0
    while age < outputs.PATIENCE_S:
        wait = again_in(age, None)
        assert 2 <= wait <= retries.LONGEST_ADVICE_S
        age, attempts = age + wait, attempts + 1
    assert 10 <= attempts <= 40
    assert again_in(0.0, 30.0) == 30.0
    assert again_in(0.0, 9e9) == retries.LONGEST_ADVICE_S


def over(status: Status, took_s: float | None = None, failure: Failure | None = None) -> Prediction:
    completed = None if took_s is None else 1000 + took_s
    return Prediction("p1", status, failure=failure, created=1000, completed=completed)


@pytest.mark.parametrize(
    ("prediction", "ran_s", "failure"),
    [
        # Whoever's clock struck first: the provider counts whole seconds from its own beginning.
        (over(Status.CANCELLED, 120.0), 119.2, Failure.TIMED_OUT),
        (over(Status.CANCELLED, 119.1), 110.0, Failure.TIMED_OUT),
        (over(Status.CANCELLED), 119.5, Failure.TIMED_OUT),
        # Somebody stopped it there.
        (over(Status.CANCELLED, 30.0), 500.0, Failure.PROVIDER_FAILED),
        (over(Status.CANCELLED), 30.0, Failure.PROVIDER_FAILED),
        # It failed, however long that took.
        (over(Status.FAILED, 120.0, Failure.PROVIDER_FAILED), 120.0, Failure.PROVIDER_FAILED),
        (over(Status.FAILED, 3.0, Failure.REFUSED), 3.0, Failure.REFUSED),
        (over(Status.FAILED), 3.0, Failure.PROVIDER_FAILED),
    ],
)
def test_a_deadline_is_told_from_a_failure(prediction: Prediction, ran_s: float, failure: Failure) -> None:
    assert verdict(prediction, ran_s, deadline_s=120.0) is failure
