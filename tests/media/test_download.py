"""Fetching outputs from real servers: whole, bounded, without credentials, and never from inside."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from patience import LONG_S, promised

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from media.download import Downloader, OutputMissing
from sandbox.environment import free_port

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000
"""A megabyte."""
Answer = Callable[[BaseHTTPRequestHandler], None]


class Host:
    """An output host: `answers` maps paths to what is done there, `seen` has the headers of each request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                host.answers[self.path](self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(LONG_S)


def give(body: bytes = PICTURE, status: int = 200, promised: int | None = None, **headers: str) -> Answer:
    """An answer with that body; `promised` is a Content-Length of its own, and the line is cut after it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body) if promised is None else promised))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = promised is not None

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return give(b"moved", status, Location=to)


@pytest.fixture(scope="module")
def server() -> Iterator[Host]:
    with closing(Host()) as made:
        yield made


@pytest.fixture
def host(server: Host) -> Host:
    """The output host, with nothing on it yet."""
    server.answers.clear()
    server.seen.clear()
    return server


@pytest.fixture(scope="module")
def downloader() -> Iterator[Downloader]:
    with closing(Downloader(2.0)) as made:
        yield made


def fetch(downloader: Downloader, url: str, *, private: bool = True) -> bytes:
    with downloader.stream(url, private=private) as chunks:
        return b"".join(chunks)


def refusal(downloader: Downloader, url: str, *, private: bool) -> str:
    """Why the URL is refused for good."""
    with pytest.raises(JobFailed) as caught:
        fetch(downloader, url, private=private)
    assert caught.value.failure is Failure.BAD_OUTPUT
    return caught.value.detail


# What works.


def test_a_file_comes_in_chunks_and_whole(downloader: Downloader, host: Host) -> None:
    host.answers["/a.png"] = give()
    with downloader.stream(f"{host.url}/a.png", private=True) as chunks:
        pieces = list(chunks)
    assert b"".join(pieces) == PICTURE
    assert len(pieces) > 1
    assert max(map(len, pieces)) < len(PICTURE) / 2


def test_a_file_of_unknown_length_comes_whole(downloader: Downloader, host: Host) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for start in range(0, len(PICTURE), 50_000):
            piece = PICTURE[start : start + 50_000]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        request.wfile.write(b"0\r\n\r\n")

    host.answers["/a.png"] = answer
    assert fetch(downloader, f"{host.url}/a.png") == PICTURE


def test_no_credentials_go_to_an_output_host(downloader: Downloader, host: Host) -> None:
    """Given any download, I expect neither Authorization nor cookies on the wire, also after a redirect."""
    host.answers["/a.png"] = redirect("/b.png")
    host.answers["/b.png"] = give(Set_Cookie="session=1")
    fetch(downloader, f"{host.url}/a.png")
    fetch(downloader, f"{host.url}/b.png")
    assert [path for path, _ in host.seen] == ["/a.png", "/b.png", "/b.png"]
    for _, headers in host.seen:
        assert headers.keys() & {"authorization", "cookie", "proxy-authorization"} == set()


def test_a_name_is_looked_up_once_and_its_address_is_what_is_called(
    downloader: Downloader, host: Host
) -> None:
    """Given a host's name, I expect the request at the checked address, still under the name."""
    host.answers["/a.png"] = give()
    fetch(downloader, f"http://localhost:{host.port}/a.png")
    assert host.seen[0][1]["host"] == f"localhost:{host.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_three_redirects_are_followed(downloader: Downloader, host: Host, status: int) -> None:
    host.answers["/0"] = redirect("/1", status)
    host.answers["/1"] = redirect(f"{host.url}/2", status)
    host.answers["/2"] = redirect("./3", status)
    host.answers["/3"] = give()
    assert fetch(downloader, f"{host.url}/0") == PICTURE


def test_a_data_url_needs_no_server(downloader: Downloader) -> None:
    inline = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
    assert fetch(downloader, inline, private=False) == PICTURE
    assert fetch(downloader, "data:image/svg+xml,%3Csvg/%3E", private=False) == b"<svg/>"


@pytest.mark.parametrize("end", ["\n", "\r\n", "%0A", "%0D%0A", " \t"])
def test_a_data_url_may_have_broken_lines(downloader: Downloader, end: str) -> None:
    """Given base64 as encoders for mail write it, I expect the same bytes."""
    lines = base64.encodebytes(PICTURE[:5000]).decode().split()
    assert fetch(downloader, "data:image/png;base64," + end.join(lines), private=False) == PICTURE[:5000]
    assert fetch(downloader, f"data:;Base64,{end}QUJD{end}", private=False) == b"ABC"


# Hosts with several addresses.


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the name files.example stand for these addresses: no test can have a name server of its own."""
    real = socket.getaddrinfo

    def answers(*addresses: str) -> None:
        found: Any = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

        def look_up(host: Any, *given: Any, **more: Any) -> Any:
            return found if host == "files.example" else real(host, *given, **more)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return answers


@pytest.mark.parametrize(
    "dead",
    [["::1"], ["127.0.0.2"], ["::1", "127.0.0.2", "127.0.0.3"], ["127.0.0.2"] * 9],
    ids=["IPv6", "IPv4", "three", "one nine times"],
)
def test_an_address_that_is_dead_is_not_the_host(
    downloader: Downloader, host: Host, resolver: Callable[..., None], dead: list[str]
) -> None:
    """Given a host whose first addresses refuse, I expect the file from the one that does not."""
    host.answers["/a.png"] = give()
    resolver(*dead, "127.0.0.1")
    assert fetch(downloader, f"http://files.example:{host.port}/a.png") == PICTURE
    assert [headers["host"] for _, headers in host.seen] == [f"files.example:{host.port}"]


def test_of_many_addresses_some_are_tried_of_both_families(
    downloader: Downloader, host: Host, resolver: Callable[..., None]
) -> None:
    """Given many addresses that lead nowhere, I expect a bounded number of tries, and the other family among
    them."""
    host.answers["/a.png"] = give()
    resolver(*(f"::ffff:127.0.0.{number}" for number in range(2, 40)), "127.0.0.1")
    assert fetch(downloader, f"http://files.example:{host.port}/a.png") == PICTURE
    resolver(*(f"127.0.0.{number}" for number in range(2, 40)), "127.0.0.1")
    with pytest.raises(PassingError, match="ConnectError"):
        fetch(downloader, f"http://files.example:{host.port}/a.png")


def test_each_address_is_checked(resolver: Callable[..., None]) -> None:
    """Given a public host that has addresses inside our network too, I expect only the others called."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        raise httpx.ConnectError("refused", request=request)

    with closing(Downloader(2.0, transport=httpx.MockTransport(answer))) as downloader:
        resolver("10.0.0.1", "93.184.216.34", "169.254.169.254", "93.184.216.35", "::1")
        with pytest.raises(PassingError, match="refused"):
            fetch(downloader, "https://files.example/a.png", private=False)
        assert asked == ["93.184.216.34", "93.184.216.35"]
        resolver("10.0.0.1", "::1")
        assert "points inside" in refusal(downloader, "https://files.example/a.png", private=False)
    assert len(asked) == 2


# What will never work.


def test_more_redirects_are_refused(downloader: Downloader, host: Host) -> None:
    host.answers["/loop"] = redirect("/loop")
    assert "more than 3" in refusal(downloader, f"{host.url}/loop", private=True)
    assert len(host.seen) == 4


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64", "data:image/png;base64,AAA", "data:image/png;base64,*AAA", "data:"],
)
def test_a_malformed_data_url_is_no_output(downloader: Downloader, url: str) -> None:
    assert "malformed data: URL" in refusal(downloader, url, private=False)


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/a.png", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "a.png"]
)  # fmt: skip
def test_only_http_is_spoken(downloader: Downloader, url: str, private: bool) -> None:
    assert "not https" in refusal(downloader, url, private=private)


@pytest.mark.parametrize(
    "url",
    ["https://[::1/a.png", "https://r.exam\x07ple/", "https:///a.png",
     "https://" + "a" * 70 + ".example/a.png"],
)  # fmt: skip
def test_a_url_that_is_none_is_no_output(downloader: Downloader, host: Host, url: str) -> None:
    """Given nonsense as an output or as the target of a redirect, I expect the job to end, not to crash."""
    assert "URL" in refusal(downloader, url, private=True)
    if url.isprintable():
        host.answers["/a.png"] = redirect(url)
        with pytest.raises((JobFailed, PassingError), match="URL"):
            fetch(downloader, f"{host.url}/a.png")


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "localhost", "2130706433", "0x7f.1", "127.1"],
)  # fmt: skip
def test_an_output_inside_our_network_is_refused(downloader: Downloader, address: str) -> None:
    """Given a provider on the internet, I expect no address of ours to be called, however it is written."""
    assert "points inside" in refusal(downloader, f"https://{address}/latest/meta-data/", private=False)


def test_a_provider_on_the_internet_gives_https_alone(downloader: Downloader, host: Host) -> None:
    host.answers["/a.png"] = give()
    assert "not https" in refusal(downloader, f"{host.url}/a.png", private=False)
    assert host.seen == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://10.0.0.1/a.png", "points inside"),
        ("https://[::1]/a.png", "points inside"),
        ("//169.254.169.254/latest/meta-data/", "points inside"),
        ("http://93.184.216.34/a.png", "not https"),
        ("file:///etc/passwd", "not https"),
    ],
)
def test_a_redirect_from_outside_to_the_inside_is_refused(target: str, reason: str) -> None:
    """Given a public host that redirects inward, I expect the second request not to be made.

    A transport in memory stands for that host, as no server of a test has a public address.
    """
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": target})

    with closing(Downloader(2.0, transport=httpx.MockTransport(answer))) as downloader:
        assert reason in refusal(downloader, "https://93.184.216.34/a.png", private=False)
    assert [str(request.url) for request in asked] == ["https://93.184.216.34/a.png"]


# What may work in a moment.


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 206])
def test_an_output_that_is_not_there_may_come(downloader: Downloader, host: Host, status: int) -> None:
    """Given a host that answers before it has the file, I expect that to be told from a host in trouble."""
    host.answers["/a.png"] = give(b"", status)
    with pytest.raises(OutputMissing, match=f"HTTP {status}"):
        fetch(downloader, f"{host.url}/a.png")


def test_a_file_with_nothing_in_it_is_not_there_yet(downloader: Downloader, host: Host) -> None:
    host.answers["/a.png"] = give(b"")
    with pytest.raises(OutputMissing, match="empty"):
        fetch(downloader, f"{host.url}/a.png")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_host_in_trouble_is_passing(downloader: Downloader, host: Host, status: int) -> None:
    host.answers["/a.png"] = give(b"", status)
    with pytest.raises(PassingError, match=f"HTTP {status}") as caught:
        fetch(downloader, f"{host.url}/a.png")
    assert not isinstance(caught.value, OutputMissing)
    host.answers["/a.png"] = give(b"", status, Retry_After="7")
    with pytest.raises(PassingError) as advised:
        fetch(downloader, f"{host.url}/a.png")
    assert advised.value.retry_after == 7


def test_a_body_that_is_cut_short_is_passing(downloader: Downloader, host: Host) -> None:
    """Given a Content-Length larger than the body, I expect the chunks so far and then the error."""
    host.answers["/a.png"] = give(promised=2 * len(PICTURE))
    received: list[bytes] = []
    with (
        downloader.stream(f"{host.url}/a.png", private=True) as chunks,
        pytest.raises(PassingError, match="cut short"),
    ):
        received.extend(chunks)
    assert PICTURE.startswith(b"".join(received))
    host.answers["/a.png"] = give()
    assert fetch(downloader, f"{host.url}/a.png") == PICTURE


def test_a_host_that_is_not_there_is_passing(downloader: Downloader) -> None:
    with pytest.raises(PassingError, match="ConnectError"):
        fetch(downloader, f"http://127.0.0.1:{free_port()}/a.png")


def test_a_host_that_falls_silent_is_passing(host: Host) -> None:
    """Given half a body and then nothing, I expect the wait for the rest to end with the time-out."""
    quiet = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(PICTURE)))
        request.end_headers()
        request.wfile.write(PICTURE[:1000])
        quiet.wait(LONG_S)
        request.close_connection = True

    host.answers["/a.png"] = answer
    began = time.monotonic()
    with closing(Downloader(0.3)) as hasty, pytest.raises(PassingError, match="ReadTimeout"):
        fetch(hasty, f"{host.url}/a.png")
    quiet.set()
    assert time.monotonic() - began < promised(5)


def test_a_host_that_dribbles_is_given_up(host: Host) -> None:
    """Given a byte now and then, which no time-out of one read ends, I expect the whole to be bounded."""
    over = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(PICTURE)))
        request.end_headers()
        while not over.wait(0.05):
            try:
                request.wfile.write(b"x")
            except OSError:
                break
        request.close_connection = True

    host.answers["/a.png"] = answer
    began = time.monotonic()
    with (
        closing(Downloader(2.0, longest_s=0.5)) as downloader,
        pytest.raises(PassingError, match="longer than"),
    ):
        fetch(downloader, f"{host.url}/a.png")
    over.set()
    assert time.monotonic() - began < promised(5)


def test_a_download_that_is_left_gives_its_connection_back(host: Host) -> None:
    """Given a download that is cancelled in the middle, I expect the line to be closed at once."""
    closed = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(10**9))
        request.end_headers()
        try:
            while True:
                request.wfile.write(bytes(65536))
        except OSError:
            closed.set()
        request.close_connection = True

    host.answers["/a.png"] = answer
    with closing(Downloader(2.0)) as downloader:
        with downloader.stream(f"{host.url}/a.png", private=True) as chunks:
            next(chunks)
        assert closed.wait(LONG_S)


def test_a_host_that_speaks_no_http_is_passing(downloader: Downloader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(1000)
                line.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(PassingError, match="RemoteProtocolError"):
            fetch(downloader, f"http://127.0.0.1:{listener.getsockname()[1]}/a.png")
        thread.join(LONG_S)
