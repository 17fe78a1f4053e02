"""Outputs that are too large, of another type, cut short, or behind an address inside our own network."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from acceptance.person import Person, eventually, text_of

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from ledger import keys
from ledger.connection import connect
from sandbox.processes import Program
from sandbox.stack import Stack
from tasks.generation import outputs

from .invariants import assert_invariants
from .stage import calm, make_vip, staged

pytestmark = pytest.mark.faults


class Inside:
    """Something inside our network that must never be called: it listens, and counts who comes."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self.called = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.called += 1
            line.close()


@contextmanager
def inside() -> Iterator[Inside]:
    """A service on this machine's loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Inside(listener)
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One worker keeps what it gets (pictures), one keeps next to nothing (videos), and for one (VIP jobs)
    the provider is out there: 127.1 is this machine to the resolver, and a name to the settings.

    None of them helps another with its lane, as the Procfile's would."""
    allowed = ("--allow-host", "127.1")
    with staged(("bot", "deliver"), {"USER_RATE_LIMIT": "1000/h"}, allowed) as started:
        out_there = started.programs["provider"].url.replace("127.0.0.1", "127.1")
        lines = {
            "pictures": "celery -A tasks worker -Q img -n pictures@%h",
            "narrow": "env MEDIA_MAX_BYTES=1000 celery -A tasks worker -Q vid -n narrow@%h",
            "outside": f"env REPLICATE_API_URL={out_there}/v1 celery -A tasks worker -Q vip -n outside@%h",
        }
        added = [started.add(name, line) for name, line in lines.items()]
        with ThreadPoolExecutor(len(added)) as starting:
            list(starting.map(Program.start, added))
        yield started


@pytest.fixture
def ann(stack: Stack) -> Iterator[Person]:
    """Somebody new; in the end no fault is left, and the invariants hold for what they saw."""
    person = Person(stack)
    yield person
    calm(stack)
    assert_invariants(stack, [person.id])


def ended(person: Person, prompt: str, command: str = "/image") -> tuple[Job, str]:
    """The job of a request once nothing is owed of it any more, and what its message then says."""
    shown = person.ask(f"{command} {prompt}")
    job = person.job_when(shown, lambda job: job.told)
    (only,) = person.told()
    assert only["message_id"] == shown["message_id"]
    return job, text_of(only)


def kept(stack: Stack, job: Job) -> list[Path]:
    """What the media store holds of a job, finished or not."""
    return [each for each in Path(stack.settings.media_url).rglob("*") if job.id in each.name]


@pytest.mark.parametrize("kind", ["wrong_type", "huge_output"])
def test_an_output_of_another_type(stack: Stack, ann: Person, kind: str) -> None:
    """Given a page to sign in, or 4 GB of nothing in particular, I expect one clear sentence at once, no
    second payment, and nothing left in the store."""
    prompt = f"a misprint {kind}"
    stack.provider.fault(kind, on="prediction", match=prompt)
    job, said = ended(ann, prompt)
    assert job.failure is Failure.BAD_OUTPUT
    assert said.startswith("The model's file came out broken.")
    assert said.endswith("This request was not counted.")
    assert not kept(stack, job)
    assert stack.provider.total(prompt) == 1


def test_an_output_that_is_too_large(stack: Stack, ann: Person) -> None:
    """Given a file over MEDIA_MAX_BYTES, I expect the person to hear so, and nothing of it to be kept."""
    job, said = ended(ann, "an endless plain", "/video")
    assert job.failure is Failure.TOO_LARGE
    assert said.startswith("The result is too large.")
    assert said.endswith("This request was not counted.")
    assert not kept(stack, job)


def test_an_output_that_is_cut_short_every_time(stack: Stack, ann: Person) -> None:
    """Given half a file however often it is fetched, I expect an end once its time is over, and never half a
    picture."""
    stack.provider.fault("cut_short", on="prediction", match="half a moon")
    shown = ann.ask("/image half a moon")
    waiting = ann.job_when(shown, lambda job: job.state is State.STORING and not job.owner)
    with connect(stack.settings.ledger_redis()) as client:
        for state in waiting.stamps:
            client.hincrby(keys.job(waiting.id), f"at:{state}", -round(outputs.PATIENCE_S * 1000))
    job = ann.job_when(shown, lambda job: job.told)
    (only,) = ann.told()
    said = text_of(only)
    assert job.state is State.FAILED
    assert job.failure
    assert job.failure.ours
    assert said.endswith("This request was not counted.")
    assert not kept(stack, job)


@pytest.mark.parametrize("kind", ["cut_short", "500", "reset", "drop_answer"])
def test_a_download_that_fails_once_is_made_again(stack: Stack, ann: Person, kind: str) -> None:
    """Given a host that breaks off, I expect the whole file from the next download, and only that."""
    prompt = f"a torn map {kind}"
    stack.provider.fault(kind, on="output", match=prompt)
    job, _ = ended(ann, prompt)
    assert job.state is State.DELIVERED
    assert job.artifact
    assert [each.stat().st_size for each in kept(stack, job)] == [job.artifact.size]


def test_downloads_carry_no_credentials(stack: Stack, ann: Person) -> None:
    """Outputs live on other hosts than the API: its token is none of their business."""
    ended(ann, "a sealed envelope")
    downloads = stack.provider.downloads()
    assert downloads
    assert not any(each["authorization"] for each in downloads)


def test_an_output_inside_our_network_is_never_fetched(stack: Stack, ann: Person) -> None:
    """Given a provider out there and an output URL that points inside, I expect nobody to call there."""
    make_vip(ann)
    with inside() as service:
        url = f"https://127.0.0.1:{service.port}/latest/meta-data/"
        stack.provider.fault("inside_url", on="prediction", match="a treasure chamber", url=url)
        job, said = ended(ann, "a treasure chamber")
        assert job.failure is Failure.BAD_OUTPUT
        assert said.startswith("The model's file came out broken.")
        assert service.called == 0
    assert "output URL points inside" in stack.programs["outside"].log_text


def test_the_inside_is_noticed(stack: Stack) -> None:
    """The service that stands for the inside does count those who come."""
    with inside() as service:
        socket.create_connection(("127.0.0.1", service.port)).close()
        eventually(lambda: service.called == 1)
