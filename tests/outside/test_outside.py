"""Answers that come slowly, endlessly, packed or huge: each is left in time, and nothing of it is kept."""

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from foul_host import HEAD, FoulHost, Line, json_answer
from patience import eventually, promised

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from media.download import Downloader
from outside import client, room
from outside.call import heeding, within
from providers.base import Cancelled, LookRefused, OutcomeUnknown, Submission
from providers.replicate import Replicate

ASKED = Submission("darkroom/sketch", {"prompt": "a fox"}, 60.0)
PREDICTION = b'{"id": "p1", "status": "processing"}'
SHORT_S = 0.6
"""The time-out of calls that are to end by it."""


class Stop(Exception):
    """The reason to stop of a test."""


@pytest.fixture
def host() -> Iterator[FoulHost]:
    with closing(FoulHost()) as made:
        yield made


def forever(data: bytes) -> Iterator[int]:
    return itertools.cycle(data)


def in_status(line: Line) -> None:
    line.dribble(itertools.chain(b"HTTP/1.1 200 ", forever(b"O")))


def in_headers(line: Line) -> None:
    line.send(HEAD)
    line.dribble(forever(b"X-More: of it\r\n"))


def in_interim_answers(line: Line) -> None:
    while True:
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        line.dribble(b"")
        time.sleep(0.02)


def in_body(line: Line) -> None:
    line.send(HEAD + b"Content-Length: 1000000\r\n\r\n")
    line.dribble(forever(b" "))


def in_chunks(line: Line) -> None:
    line.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    line.dribble(forever(b"1\r\n \r\n"))


def nowhere(line: Line) -> None:
    line.dribble(b"x", pause_s=60)


DRIBBLES = (in_status, in_headers, in_interim_answers, in_body, in_chunks)
Doing = Callable[[str, float], object]


def look(url: str, timeout_s: float) -> object:
    with closing(Replicate(f"{url}/v1", "r8", timeout_s, 1)) as replicate:
        return replicate.get("p1")


def submit(url: str, timeout_s: float) -> object:
    with closing(Replicate(f"{url}/v1", "r8", timeout_s, 1)) as replicate:
        return replicate.submit(ASKED)


def fetch(url: str, timeout_s: float) -> object:
    with (
        closing(Downloader(timeout_s, longest_s=timeout_s)) as downloader,
        downloader.stream(f"{url}/a.png", private=True) as chunks,
    ):
        return sum(map(len, chunks))


# Time.


@pytest.mark.parametrize("dribble", DRIBBLES)
@pytest.mark.parametrize(
    ("doing", "error"), [(look, PassingError), (submit, OutcomeUnknown), (fetch, PassingError)]
)
def test_an_answer_that_never_ends_is_left_at_its_bound(
    host: FoulHost, dribble: Callable[[Line], None], doing: Doing, error: type[Exception]
) -> None:
    """Given a byte now and then in any part of an answer, I expect the bound to hold for all of it; of a
    submission nobody knows then whether it was taken."""
    host.script = dribble
    began = time.monotonic()
    with pytest.raises(error):
        doing(host.url, SHORT_S)
    assert time.monotonic() - began < promised(SHORT_S + 1)


@pytest.mark.parametrize("dribble", [*DRIBBLES, nowhere])
@pytest.mark.parametrize(("doing", "error"), [(look, Stop), (submit, OutcomeUnknown), (fetch, Stop)])
def test_a_wish_to_stop_is_heard_while_anything_is_read(
    host: FoulHost, dribble: Callable[[Line], None], doing: Doing, error: type[Exception]
) -> None:
    """Given half an answer and time enough, when there is reason to stop, I expect the call to end within a
    second: with that reason, and of a submission as one of unknown outcome."""
    host.script = dribble
    wanted = threading.Event()

    def check() -> None:
        if wanted.is_set():
            raise Stop

    def work() -> tuple[BaseException | None, float]:
        try:
            with heeding(check):
                doing(host.url, 60.0)
        except Exception as caught:
            return caught, time.monotonic()
        return None, time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        eventually(lambda: host.seen)
        asked = time.monotonic()
        wanted.set()
        caught, ended = working.result(60)
    assert isinstance(caught, error)
    assert ended - asked < promised(1)


def test_a_deadline_ends_a_call_that_has_more_time_of_its_own(host: FoulHost) -> None:
    host.script = in_body
    end = time.monotonic() + 0.3
    with pytest.raises(PassingError, match="is over"), within(lambda: end - time.monotonic()):
        look(host.url, 60.0)
    assert time.monotonic() - end < promised(1)


def test_a_reason_to_stop_before_anything_was_sent_leaves_nothing_in_doubt(host: FoulHost) -> None:
    """Given a submission that is unwanted before it begins, I expect the reason itself, and no request."""

    def check() -> None:
        raise Stop

    with heeding(check), pytest.raises(Stop):
        submit(host.url, 60.0)
    assert host.seen == []


def test_many_dribbling_answers_end_together(host: FoulHost) -> None:
    """Given 32 answers that never end, in as many threads, I expect all left at their bound."""
    host.script = in_headers
    began = time.monotonic()
    with (
        closing(Replicate(f"{host.url}/v1", "r8", SHORT_S, 32)) as replicate,
        ThreadPoolExecutor(32) as pool,
    ):
        found = [pool.submit(replicate.get, "p1") for _ in range(32)]
        for each in found:
            with pytest.raises(PassingError):
                each.result(60)
    assert time.monotonic() - began < promised(SHORT_S + 3)


def test_a_file_that_comes_too_slowly_is_asked_for_again_later(host: FoulHost) -> None:
    """Given some bytes a second and minutes to go, I expect the slot not to wait for them."""
    host.script = in_body
    began = time.monotonic()
    with (
        closing(Downloader(SHORT_S, longest_s=600)) as downloader,
        pytest.raises(PassingError, match="only") as caught,
        downloader.stream(f"{host.url}/a.png", private=True) as chunks,
    ):
        list(chunks)
    assert caught.value.retry_after
    assert caught.value.retry_after > 5
    assert time.monotonic() - began < promised(SHORT_S + 1)


def test_a_reader_that_is_slow_itself_is_not_the_hosts_fault(host: FoulHost) -> None:
    """Given a whole file at once, and a store that takes it slowly, I expect it read to its end."""
    host.script = lambda line: line.send(HEAD + b"Content-Length: 300000\r\n\r\n" + bytes(300_000))
    with (
        closing(Downloader(0.2, longest_s=600)) as downloader,
        downloader.stream(f"{host.url}/a.png", private=True) as chunks,
    ):
        size = 0
        for chunk in chunks:
            size += len(chunk)
            time.sleep(0.15)
    assert size == 300_000


# Size and shape.


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "x-unheard-of", "GZip"])
@pytest.mark.parametrize(
    ("doing", "error"), [(look, PassingError), (submit, OutcomeUnknown), (fetch, JobFailed)]
)
def test_a_packed_answer_is_refused(
    host: FoulHost, coding: str, doing: Doing, error: type[Exception]
) -> None:
    """Given an answer that is packed, though plain bytes were asked for, I expect it not even read."""
    host.script = lambda line: line.send(json_answer(PREDICTION, b"Content-Encoding: " + coding.encode()))
    with pytest.raises(error, match="packed as"):
        doing(host.url, 30.0)
    assert b"accept-encoding: identity\r\n" in host.seen[0].lower()


@pytest.mark.parametrize("coding", [b"identity", b""])
def test_plain_bytes_may_be_called_so(host: FoulHost, coding: bytes) -> None:
    host.script = lambda line: line.send(json_answer(PREDICTION, b"Content-Encoding: " + coding))
    assert look(host.url, 30.0)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([b"X-%d: y" % number for number in range(client.MOST_HEADERS + 1)], id="many"),
        pytest.param([b"X: " + b"y" * (client.HEADER_BYTES + 1)], id="long"),
        pytest.param([b"X: " + b"y" * 1_000_000], id="longer than the parser reads"),
        pytest.param([b"a:"] * 200_000, id="very many"),
    ],
)
@pytest.mark.parametrize(
    ("doing", "error"), [(look, PassingError), (submit, OutcomeUnknown), (fetch, Exception)]
)
def test_headers_are_bounded(
    host: FoulHost, headers: list[bytes], doing: Doing, error: type[Exception]
) -> None:
    host.script = lambda line: line.send(json_answer(PREDICTION, *headers))
    with pytest.raises(error):
        doing(host.url, 30.0)


def endless(line: Line) -> None:
    line.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        line.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


@pytest.mark.parametrize(
    ("doing", "error"), [(look, PassingError), (submit, OutcomeUnknown), (fetch, JobFailed)]
)
def test_an_answer_without_end_is_left_at_its_size(
    host: FoulHost, doing: Doing, error: type[Exception]
) -> None:
    host.script = endless
    if doing is fetch:
        with (
            closing(Downloader(30.0, largest=1_000_000)) as downloader,
            downloader.stream(f"{host.url}/a.png", private=True) as chunks,
            pytest.raises(JobFailed) as caught,
        ):
            list(chunks)
        assert caught.value.failure is Failure.TOO_LARGE
        return
    with pytest.raises(error, match="more than"):
        doing(host.url, 30.0)


def test_a_refusal_is_one_however_long_it_is(host: FoulHost) -> None:
    """Given a 422 that does not end, I expect its beginning to say what it says: nothing was taken."""

    def script(line: Line) -> None:
        line.send(
            b"HTTP/1.1 422 No\r\nContent-Length: 1000000000\r\n\r\nThe prompt is flagged as sensitive. "
        )
        while True:
            line.send(b"x" * 65536)

    host.script = script
    with pytest.raises(JobFailed) as caught:
        submit(host.url, 30.0)
    assert caught.value.failure is Failure.REFUSED


def test_a_text_is_read_as_what_it_is_whatever_it_names(host: FoulHost) -> None:
    """Given a refusal in a "charset" that unpacks, I expect its bytes to be left as they are."""
    answer = json_answer(b"x\x9c" + bytes(60_000), b"Content-Type: text/plain; charset=zlib")
    host.script = lambda line: line.send(answer.replace(b"200 OK", b"422 No"))
    with pytest.raises(JobFailed):
        submit(host.url, 30.0)


@pytest.mark.parametrize("advice", ["\u00b2", "9" * 400, "-1", "1e9", "soon"])
def test_advice_that_is_no_number_is_none(host: FoulHost, advice: str) -> None:
    answer = json_answer(b"{}", b"Retry-After: " + advice.encode("latin-1"))
    host.script = lambda line: line.send(answer.replace(b"200 OK", b"429 No"))
    for doing in (look, fetch):
        with pytest.raises(PassingError) as caught:
            doing(host.url, 30.0)
        assert caught.value.retry_after is None


def test_large_answers_come_one_after_the_other(host: FoulHost) -> None:
    """Given eight large answers at a time, and fewer places, I expect all read in the end."""
    body = b'{"id": "p1", "status": "processing", "logs": "' + b"x" * 2 * room.LARGE + b'"}'
    host.script = lambda line: line.send(json_answer(body))
    with closing(Replicate(f"{host.url}/v1", "r8", 60.0, 8)) as replicate, ThreadPoolExecutor(8) as pool:
        assert [each.id for each in pool.map(replicate.get, ["p1"] * 8)] == ["p1"] * 8


def test_what_is_kept_of_a_large_answer_keeps_its_place(host: FoulHost) -> None:
    """Given two jobs that hold an output of a megabyte each, I expect the next large answer to wait for one
    of them, and a small one not to."""
    output = b'{"id": "p1", "status": "succeeded", "output": "data:,' + b"x" * 2 * room.LARGE + b'"}'
    small = threading.Event()
    host.script = lambda line: line.send(json_answer(PREDICTION if small.is_set() else output))
    done = threading.Barrier(3)
    let_go = threading.Event()

    def job() -> None:
        with room.staying():
            assert look(host.url, 60.0)
            done.wait(60)
            let_go.wait(60)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(job) for _ in range(2)]
        done.wait(60)
        with pytest.raises(PassingError, match="longer than"):
            look(host.url, SHORT_S)
        small.set()
        assert look(host.url, 60.0)
        let_go.set()
        for each in jobs:
            each.result(60)
    small.clear()
    assert look(host.url, 60.0)


# Credentials, ids and links.


@pytest.fixture
def elsewhere() -> Iterator[FoulHost]:
    with closing(FoulHost()) as made:
        yield made


@pytest.mark.parametrize(
    "following",
    [
        "http://127.0.0.1:{port}/latest/meta-data/?cursor=abc",
        "//127.0.0.1:{port}/v1/predictions?cursor=abc",
        "http://user@127.0.0.1:{port}?cursor=abc",
        "http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/?cursor=a&cursor=b",
        "gopher://127.0.0.1:{port}/",
    ],
)
def test_the_token_goes_nowhere_else(host: FoulHost, elsewhere: FoulHost, following: str) -> None:
    """Given a list whose next page is another host's, I expect that host not to be asked; where there is a
    cursor, the API is asked for it."""
    link = following.format(port=elsewhere.port)
    page = b'{"results": [], "next": "%b"}' % link.encode()
    pages = iter([page, b'{"results": [], "next": null}'])
    host.script = lambda line: line.send(json_answer(next(pages)))
    with closing(Replicate(f"{host.url}/v1", "r8", 30.0, 1)) as replicate:
        if link.count("cursor=") == 1:
            assert replicate.find("darkroom/sketch", {}, 0.0, lambda _: []) is None
            assert host.seen[1].startswith(b"GET /v1/predictions?cursor=abc HTTP/1.1\r\n")
        else:
            with pytest.raises(PassingError):
                replicate.find("darkroom/sketch", {}, 0.0, lambda _: [])
    assert elsewhere.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_api_is_not_followed_to_another_host(host: FoulHost, elsewhere: FoulHost, status: int) -> None:
    head = b"HTTP/1.1 %d Moved\r\nLocation: %b/v1\r\nContent-Length: 0\r\n\r\n"
    host.script = lambda line: line.send(head % (status, elsewhere.url.encode()))
    with pytest.raises(PassingError):
        look(host.url, 30.0)
    with pytest.raises(OutcomeUnknown):
        submit(host.url, 30.0)
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    "name", ["../account?x=", "p1/../../x", "p1?x=1", "", " ", "p" * 129, "p1\\n", "%2e%2e"]
)
def test_an_id_that_is_none_is_never_asked_for(host: FoulHost, name: str) -> None:
    """Given an answer whose id is a path of the API, I expect a submission of unknown outcome, and that path
    asked by no call."""
    host.script = lambda line: line.send(json_answer(b'{"id": "%b", "status": "starting"}' % name.encode()))
    with pytest.raises(OutcomeUnknown):
        submit(host.url, 30.0)
    with closing(Replicate(f"{host.url}/v1", "r8", 30.0, 1)) as replicate:
        for call in (replicate.get, replicate.cancel):
            with pytest.raises(LookRefused):
                call("../account?x=")
    assert len(host.seen) == 1


def test_an_answer_about_another_prediction_is_none(host: FoulHost) -> None:
    host.script = lambda line: line.send(json_answer(b'{"id": "p2", "status": "succeeded"}'))
    with pytest.raises(PassingError, match="another prediction"):
        look(host.url, 30.0)


@pytest.mark.parametrize("link", ["file:///etc/passwd", "", "https://", "https://x/ y", "x" * 3000])
def test_a_files_address_that_is_none_is_not_passed_on(host: FoulHost, link: str) -> None:
    host.script = lambda line: line.send(json_answer(b'{"urls": {"get": "%b"}}' % link.encode()))
    with (
        closing(Replicate(f"{host.url}/v1", "r8", 30.0, 1)) as replicate,
        pytest.raises(PassingError, match="address"),
    ):
        replicate.upload("a.png", "image/png", BytesIO(b"a picture"))


def test_an_honest_host_is_heard(host: FoulHost) -> None:
    """Given what all these hosts would say if they were honest, I expect it taken."""
    host.script = lambda line: line.send(json_answer(b'{"id": "p1", "status": "canceled"}'))
    with closing(Replicate(f"{host.url}/v1", "r8", 30.0, 1)) as replicate:
        assert replicate.get("p1").id == replicate.submit(ASKED).id == "p1"
        assert replicate.cancel("p1") is Cancelled.REQUESTED


def test_a_list_without_end_is_looked_through_as_far_as_an_honest_one_goes(host: FoulHost) -> None:
    """Given pages of thousands of candidates, I expect a bounded number of looks."""
    row = b'{"id": "p%d", "status": "starting", "model": "m", "created_at": "2026-01-01T00:00:00Z"}'
    page = b'{"results": [%b], "next": "?cursor=a"}' % b",".join(row % number for number in range(2000))

    def script(line: Line) -> None:
        path = line.request.split(b" ")[1].partition(b"?")[0]
        name = path.rpartition(b"/")[2]
        listed = name == b"predictions"
        line.send(json_answer(page if listed else (row % 1).replace(b'"p1"', b'"%b"' % name)))

    host.script = script
    with closing(Replicate(f"{host.url}/v1", "r8", 30.0, 1)) as replicate:
        replicate.find("m", {"prompt": "a fox"}, 0.0, lambda _: [])
    assert len(host.seen) <= 3 + 3 * 100


# The way there.


def test_a_proxy_of_the_environment_is_used_for_the_api_alone(
    host: FoulHost, elsewhere: FoulHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given HTTP_PROXY, I expect the API asked through it, but for hosts in NO_PROXY, and files never."""
    monkeypatch.setenv("http_proxy", host.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host.script = elsewhere.script = lambda line: line.send(json_answer(PREDICTION))
    assert look("http://api.example", 30.0)
    assert host.seen[0].startswith(b"GET http://api.example/v1/predictions/p1 HTTP/1.1\r\n")
    assert look(elsewhere.url, 30.0)
    assert fetch(elsewhere.url, 30.0)
    assert (len(host.seen), len(elsewhere.seen)) == (1, 2)


def test_a_host_that_never_shakes_hands_is_left(host: FoulHost) -> None:
    """Given a server that does not answer to TLS, I expect the bound to hold, and nothing submitted."""
    url = host.url.replace("http:", "https:")
    for doing in (look, submit, fetch):
        began = time.monotonic()
        with pytest.raises(PassingError):
            doing(url, SHORT_S)
        assert time.monotonic() - began < promised(SHORT_S + 1)


def test_tls_is_spoken_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a server with a certificate of its own, I expect it heard where that is trusted, megabytes both
    ways, and nothing sent to it where it is not."""
    key, certificate = certified(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    answer = json_answer(b'{"urls": {"get": "https://x/%b"}}' % (b"y" * 1000))
    taken: list[int] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
                with context.wrap_socket(line, server_side=True) as secure:
                    got = b""
                    while not got.endswith(b"--\r\n") and (part := secure.recv(65536)):
                        got += part
                    taken.append(len(got))
                    secure.sendall(answer)
            except ssl.SSLError:
                continue
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"https://localhost:{listener.getsockname()[1]}/v1"
        with (
            closing(Replicate(url, "r8", 30.0, 1)) as wary,
            pytest.raises(PassingError, match="CERTIFICATE"),
        ):
            wary.upload("a.png", "image/png", BytesIO(bytes(3_000_000)))
        assert taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with closing(Replicate(url, "r8", 30.0, 1)) as trusting:
            trusting.upload("a.png", "image/png", BytesIO(bytes(3_000_000)))
        assert taken[0] > 3_000_000
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(30)


def certified(folder: Path, name: str) -> tuple[Path, Path]:
    """A key, and a certificate of it for this name that it has signed itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.NoEncryption()
    files[0].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files
