"""A worker's memory stays bounded whatever a provider sends: measured in a process of its own."""

import base64
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from foul_host import HEAD, FoulHost, Line, json_answer

from stand.provider.http.foul import bomb

MOST_MB = 300
LETTERS = "\N{GRINNING FACE}" + "x" * 7_000_000
PNG = b"\x89PNG\r\n\x1a\n"
INLINE = "data:image/png;base64," + base64.b64encode(PNG + bytes(6_000_000)).decode()


def packed(line: Line) -> None:
    body = bomb()
    line.send(json_answer(body, b"Content-Encoding: gzip, gzip"))


def plain(line: Line) -> None:
    """A gigabyte, or as much of it as is taken."""
    line.send(HEAD + b"Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n")
    piece = b'["' + b"x" * 1_000_000
    for _ in range(1000):
        line.send(piece)


def endless_picture(line: Line) -> None:
    line.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n" + PNG + b"\r\n")
    piece = b"f4240\r\n" + bytes(1_000_000) + b"\r\n"
    for _ in range(1000):
        line.send(piece)


def many_headers(line: Line) -> None:
    line.send(HEAD)
    for number in itertools.count():
        line.send(b"".join(b"X-%d-%d: y\r\n" % (number, each) for each in range(5000)))


def of_status(status: str, **more: str) -> str:
    return json.dumps({"id": "p1", "status": status, **more}, ensure_ascii=False)


def whole(body: str) -> Callable[[Line], None]:
    return lambda line: line.send(json_answer(body.encode()))


CASES = [
    pytest.param("files", packed, 1, id="a file that is packed twice"),
    pytest.param("api", packed, 8, id="answers that are packed twice"),
    pytest.param("api", plain, 32, id="32 answers of a gigabyte"),
    pytest.param("files", endless_picture, 32, id="32 pictures of a gigabyte"),
    pytest.param("api", many_headers, 32, id="32 answers of headers"),
    pytest.param("api", whole("[" + "[]," * 2_700_000 + "1]"), 16, id="lists without end"),
    pytest.param(
        "api", whole(of_status("starting", logs=LETTERS)), 16, id="long logs", marks=pytest.mark.long
    ),
    pytest.param(
        *("api", whole(of_status("failed", error="1% " * 2_500_000)), 16),
        id="long errors",
        marks=pytest.mark.long,
    ),
    pytest.param(
        *("api", whole(of_status("succeeded", output=INLINE)), 8),
        id="pictures in the answers",
        marks=pytest.mark.long,
    ),
]


@pytest.fixture
def host() -> Iterator[FoulHost]:
    with closing(FoulHost()) as made:
        yield made


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize(("what", "script", "threads"), CASES)
def test_memory_is_bounded_whatever_is_sent(
    host: FoulHost, tmp_path: Path, what: str, script: Callable[[Line], None], threads: int
) -> None:
    """Given such answers to as many calls as a worker makes at a time, I expect its peak below 300 MB."""
    host.script = script
    probe = Path(__file__).parents[1] / "support" / "hungry.py"
    argv = [sys.executable, str(probe), what, host.url, str(threads), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=280, check=True)
    found, peak_mb = done.stdout.rsplit(maxsplit=1)
    print(found, peak_mb)  # noqa: T201 - the figure, where somebody asks for it
    assert int(peak_mb) < MOST_MB, found
