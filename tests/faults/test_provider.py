"""The provider throttles, fails, answers nonsense, never ends, refuses; the person gets one end of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.person import Person, eventually, text_of

from config.settings import ROOT
from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from sandbox.stack import Stack

from .invariants import assert_invariants
from .stage import calm, staged

pytestmark = pytest.mark.faults

DEADLINE_S = 4


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With models that must be ready within DEADLINE_S."""
    models = tmp_path_factory.mktemp("models") / "models.toml"
    text = (ROOT / "sandbox" / "models.toml").read_text(encoding="utf-8")
    models.write_text(text.replace("deadline_s = 120", f"deadline_s = {DEADLINE_S}"), encoding="utf-8")
    settings = {"MODELS_FILE": str(Path(models)), "USER_RATE_LIMIT": "1000/h"}
    with staged(settings=settings) as started:
        yield started


@pytest.fixture
def ann(stack: Stack) -> Iterator[Person]:
    """Somebody new; in the end no fault is left, and the invariants hold for what they saw."""
    person = Person(stack)
    yield person
    calm(stack)
    assert_invariants(stack, [person.id])


def ended(person: Person, prompt: str) -> tuple[Job, str]:
    """The job of a request once nothing is owed of it any more, and what its message then says."""
    shown = person.ask(f"/image {prompt}")
    job = person.job_when(shown, lambda job: job.told)
    (only,) = person.told()
    assert only["message_id"] == shown["message_id"]
    return job, text_of(only)


@pytest.mark.parametrize("kind", ["429", "500", "502", "reset", "drop_answer", "malformed", "unknown_status"])
def test_a_look_that_fails_is_made_again(stack: Stack, ann: Person, kind: str) -> None:
    """Given two looks at a prediction that fail in every way there is, I expect a third, and the result, paid
    for once."""
    prompt = f"a bumpy road {kind}"
    stack.provider.fault(kind, on="get", match=prompt, times=2, retry_after=1)
    if kind == "unknown_status":
        stack.provider.hold()  # only what is still at work can have one
    shown = ann.ask(f"/image {prompt}")
    eventually(lambda: not stack.provider.faults())
    stack.provider.release()
    job = ann.job_when(shown, lambda job: job.told)
    assert job.state is State.DELIVERED
    assert job.polls >= 3
    assert len(ann.predictions(prompt)) == stack.provider.total(prompt) == 1


@pytest.mark.parametrize("kind", ["500", "malformed", "drop_answer", "reset"])
def test_a_submission_without_a_readable_answer(stack: Stack, ann: Person, kind: str) -> None:
    """Given that nobody can tell whether the paid call was taken, I expect it never to be made again: its
    prediction is looked for, and where there is none the person hears so and pays nothing."""
    prompt = f"a coin in a well {kind}"
    stack.provider.fault(kind, on="create", match=prompt)
    job, said = ended(ann, prompt)
    made = len(ann.predictions(prompt))
    assert made == stack.provider.total(prompt)
    if made:
        assert job.state is State.DELIVERED
        assert made == 1
    else:
        assert job.failure is Failure.UNKNOWN_OUTCOME
        assert said.startswith("The connection broke at a bad moment")


def test_a_submission_that_is_throttled_is_made_later(stack: Stack, ann: Person) -> None:
    """Given 429 to the paid call, which says that nothing was taken, I expect it to be made again, once."""
    stack.provider.fault("429", on="create", match="a full tram", times=2, retry_after=1)
    job, _ = ended(ann, "a full tram")
    assert job.state is State.DELIVERED
    assert stack.provider.total("a full tram") == 1


@pytest.mark.parametrize("status", ["never_finishes", "unknown_status"])
def test_what_never_finishes_ends_at_the_deadline(stack: Stack, ann: Person, status: str) -> None:
    """Given a prediction that goes on for ever, I expect a clear end at the model's deadline, and the
    provider to be told to stop, even where it does not take that well."""
    prompt = f"an endless scarf {status}"
    if status == "never_finishes":
        stack.provider.fault(status, on="prediction", match=prompt)
        stack.provider.fault("500", on="cancel", match=prompt)
    else:
        stack.provider.hold()
        stack.provider.fault(status, on="prediction", match=prompt)
    job, said = ended(ann, prompt)
    assert job.failure is Failure.TIMED_OUT
    assert said.startswith("It was not ready in time.")
    assert DEADLINE_S <= (job.seconds("running", "failed") or 0) < DEADLINE_S + 3
    if status == "unknown_status":
        eventually(lambda: ann.prediction(prompt)["status"] == "canceled")


def test_a_provider_that_answers_no_look_ends_at_the_deadline(stack: Stack, ann: Person) -> None:
    """Given looks that fail until the deadline, and a prediction that still runs, I expect the same clear
    end."""
    stack.provider.hold()
    stack.provider.fault("500", on="get", match="a silent oracle", times=0)
    job, said = ended(ann, "a silent oracle")
    assert job.failure is Failure.TIMED_OUT
    assert said.startswith("It was not ready in time.")


def test_a_result_that_no_look_has_seen_by_the_deadline_is_not_lost(stack: Stack, ann: Person) -> None:
    """Given looks that fail until after the deadline, and a prediction that has ended well, I expect the
    result once the provider answers again."""
    stack.provider.fault("500", on="get", match="a late oracle", times=0)
    shown = ann.ask("/image a late oracle")
    ann.job_when(shown, lambda job: job.state is State.RUNNING and not job.owner)
    stack.provider.clear_faults()
    job = ann.job_when(shown, lambda job: job.told)
    assert job.state is State.DELIVERED
    assert (job.seconds("running", "storing") or 0) > DEADLINE_S
    assert stack.provider.total("a late oracle") == 1


@pytest.mark.parametrize(
    ("kind", "failure", "words"),
    [
        ("fail", Failure.PROVIDER_FAILED, "The model stopped with an error."),
        ("refuse", Failure.REFUSED, "The model's content rules do not allow this one."),
        ("wrong_output", Failure.BAD_OUTPUT, "The model's file came out broken."),
    ],
)
def test_a_prediction_that_ends_badly(
    stack: Stack, ann: Person, kind: str, failure: Failure, words: str
) -> None:
    """I expect one sentence that says why, and the token back where it was not the person's doing."""
    stack.provider.fault(kind, on="prediction", match=f"a cracked vase {kind}")
    job, said = ended(ann, f"a cracked vase {kind}")
    assert job.failure is failure
    assert said.startswith(words)
    assert said.endswith("This request was not counted.") == failure.ours
    assert len(ann.predictions(f"a cracked vase {kind}")) == 1
