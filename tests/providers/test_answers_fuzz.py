"""Malformed answers of a provider, and of the hosts of its outputs: each ends in one of the errors that the
way of a job knows, and never in one of ours.

FUZZ_EXAMPLES sets how many of each kind are tried, FUZZ_SEED which; `make fuzz` tries the most.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from random import Random
from typing import Any

import pytest
from foul_host import FoulHost, json_answer
from mutants import EXAMPLES, SEED, damaged, mutant, text

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from jobs.model import Kind
from media.download import Downloader
from providers.base import OutcomeUnknown, Prediction, Submission
from providers.replicate import Replicate
from tasks.generation import outputs
from tasks.generation.deadline import verdict

ASKED = Submission("darkroom/sketch", {"prompt": "a fox"}, 60.0)
PREDICTION: dict[str, Any] = {
    "id": "p1",
    "model": "darkroom/sketch",
    "version": "v1",
    "status": "succeeded",
    "input": {"prompt": "a fox", "steps": 4},
    "output": ["https://x.example/a.png", {"preview": "https://x.example/b.png"}],
    "logs": " 40%|####      | 11/28",
    "error": None,
    "created_at": "2026-01-01T00:00:00.000Z",
    "completed_at": "2026-01-01T00:00:09.000Z",
    "urls": {"get": "https://x.example/v1/predictions/p1", "cancel": "https://x.example/c"},
}
PAGE = {"previous": None, "next": "https://x.example/v1/predictions?cursor=abc", "results": [PREDICTION] * 2}
FILE = {"id": "f1", "name": "a.png", "urls": {"get": "https://x.example/v1/files/f1"}, "size": 9}
REFUSAL = {"title": "No", "detail": "Request was throttled. Your rate limit resets in ~30s.", "status": 422}
GENUINE = (PREDICTION, PAGE, FILE, REFUSAL)
STATUSES = (b"200 OK", b"201 Created", b"202 Accepted", b"204 None", b"302 Found", b"400 Bad", b"401 No",
            b"404 None", b"422 No", b"429 Slow", b"500 Oh", b"503 Later", b"999 What", b"099 What",
            b"200")  # fmt: skip
HEADERS = (
    b"Content-Encoding: gzip", b"Content-Encoding: identity", b"Content-Encoding: \xff", b"Content-Length: 5",
    b"Content-Length: -1", b"Content-Length: " + b"9" * 30, b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip", b"Retry-After: \xb2", b"Retry-After: 7", b"Retry-After: " + b"9" * 500,
    b"Location: /elsewhere", b"Location: http://[", b"Location: \xff\xfe", b"Location: ftp://10.0.0.1/",
    b"Content-Type: text/plain; charset=zlib", b"Content-Type: application/json; charset=utf-16",
    b"Set-Cookie: a=b", b"X: " + b"y" * 70_000, b": no name", b"no colon", b"A\x00: b",
    b"Connection: close", b"Connection: upgrade", b"Upgrade: h2c", b"Trailer: X", b"\x80: \x80",
)  # fmt: skip


@pytest.fixture
def host() -> Iterator[FoulHost]:
    with closing(FoulHost()) as made:
        yield made


@pytest.fixture
def replicate(host: FoulHost) -> Iterator[Replicate]:
    with closing(Replicate(f"{host.url}/v1", "r8", 5.0, 4)) as made:
        yield made


def tried(call: Callable[[], Any], known: tuple[type[Exception], ...]) -> Any:
    """What a call answers, or the error that it ends in, which is one of those that are known."""
    try:
        return call()
    except known as error:
        found = error
    assert not isinstance(found, JobFailed) or found.failure is not Failure.INTERNAL
    assert len(str(found)) < 1500
    return found


def usable(found: Any) -> None:
    """What the rest of the way takes for granted of a prediction."""
    if not isinstance(found, Prediction):
        return
    assert found.id
    assert 0 <= found.progress <= 100
    found.error.encode()
    assert len(found.error) < 10_000
    assert found.took_s is None or found.took_s >= 0
    outputs.ranked(found.outputs, Kind.IMAGE)
    verdict(found, 1.0, 60.0)


def calls(replicate: Replicate, chance: Random) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    """One of the calls that workers make, and the errors that they expect of it."""
    if chance.random() < 0.3:
        return lambda: replicate.submit(ASKED), (PassingError, JobFailed, OutcomeUnknown)
    picked: Callable[[], Any] = chance.choice(
        (
            lambda: replicate.get("p1"),
            lambda: replicate.cancel("p1"),
            lambda: replicate.find("darkroom/sketch", {"prompt": "a fox"}, 1.7e9, lambda _: []),
            lambda: replicate.upload("a.png", "image/png", BytesIO(b"a picture")),
        )
    )
    return picked, (PassingError, JobFailed)


def test_answers_that_are_wrong_in_places(host: FoulHost, replicate: Replicate) -> None:
    """Given what a provider says, with other values in some places, I expect it read, or refused as the
    provider's fault; of a submission that was not refused nobody knows whether it was taken."""
    for number in range(EXAMPLES):
        chance = Random(f"{SEED} places {number}")
        status = chance.choice(STATUSES[:12]) if chance.random() < 0.3 else b"200 OK"
        body = text(chance, mutant(chance, chance.choice(GENUINE)))
        answer = json_answer(body).replace(b"200 OK", status, 1)
        host.script = lambda line, answer=answer: line.send(answer)  # type: ignore[misc]
        call, known = calls(replicate, chance)
        try:
            usable(tried(call, known))
        except Exception as error:
            raise AssertionError(f"example {number}: {answer[:2000]!r}") from error


def test_answers_that_are_hardly_http(host: FoulHost, replicate: Replicate) -> None:
    """Given odd status lines, headers and lengths, I expect the same."""
    for number in range(EXAMPLES):
        chance = Random(f"{SEED} http {number}")
        body = text(chance, PREDICTION)
        lines = [b"HTTP/1.1 " + chance.choice(STATUSES), *chance.sample(HEADERS, chance.randint(0, 5))]
        if chance.random() < 0.4:
            lines.append(b"Content-Length: %d" % len(body))
        if chance.random() < 0.1:
            body = gzip.compress(body)
        answer = b"\r\n".join(lines) + b"\r\n\r\n" + body
        answer = damaged(chance, answer) if chance.random() < 0.5 else answer
        host.script = lambda line, answer=answer: line.send(answer)  # type: ignore[misc]
        call, known = calls(replicate, chance)
        try:
            usable(tried(call, known))
        except Exception as error:
            raise AssertionError(f"example {number}: {answer[:2000]!r}") from error


def test_files_and_addresses_of_files(host: FoulHost) -> None:
    """Given hosts that answer so, and addresses that are wrong in places, I expect a file, or an end of the
    job that is the provider's doing."""
    inside = (
        "http://127.0.0.1:{port}/a.png", "https://127.0.0.1/a.png", "data:image/png;base64,AAAA",
        "https://user@127.0.0.1:1/", "data:,%41%42", "ftp://127.0.0.1/a.png", "https://127.0.0.1:99999999/",
    )  # fmt: skip
    with closing(Downloader(5.0, longest_s=10.0, largest=1_000_000)) as downloader:
        for number in range(EXAMPLES):
            chance = Random(f"{SEED} files {number}")
            body = b"\x89PNG" + chance.randbytes(chance.randint(0, 5000))
            lines = [b"HTTP/1.1 " + chance.choice(STATUSES), *chance.sample(HEADERS, chance.randint(0, 5))]
            answer = b"\r\n".join(lines) + b"\r\n\r\n" + body
            answer = damaged(chance, answer) if chance.random() < 0.3 else answer
            host.script = lambda line, answer=answer: line.send(answer)  # type: ignore[misc]
            url, private = f"{host.url}/a.png", True
            if chance.random() < 0.4:
                url, private = chance.choice(inside).format(port=host.port), False
                at = chance.randrange(len(url))
                # Never a name that a resolver would be asked for, nor an address outside.
                url = url[:at] + chance.choice(("", "%", "\x00", "[", "/", "\u0663", "\ud800")) + url[at:]
                if "127" not in url and not url.startswith("data:"):
                    continue

            def fetch(url: str = url, private: bool = private) -> int:
                with downloader.stream(url, private=private) as chunks:
                    return sum(map(len, chunks))

            try:
                tried(fetch, (PassingError, JobFailed))
            except Exception as error:
                raise AssertionError(f"example {number}: {url!r} {answer[:2000]!r}") from error
