"""The bot's own port without nginx: silent, slow and endless connections, and who is served beside."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from bot_stage import eventually
from connections import connected, ended
from patience import LONG_S
from webhook_stage import SECRET, Door, said

from bot.http.body import WITHIN_S
from serving.configuration import MOST_HEAD_BYTES

pytest_plugins = ["webhook_door"]

SILENT = 1000
HEAD = b"POST /telegram HTTP/1.1\r\nHost: localhost\r\n"
GENUINE = f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n".encode()


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Connections that are closed after the test."""
    with ExitStack() as open_:
        yield open_


@pytest.mark.parametrize("says", [b"", HEAD, HEAD + GENUINE + b"Content-Length: 900000\r\n\r\n{"])
def test_a_genuine_post_and_health_are_answered_beside_a_thousand_silent_connections(
    door: Door, crowd: ExitStack, says: bytes
) -> None:
    """Given a thousand connections that say nothing, half a head or half a body, I expect an update of
    Telegram's, which comes from the same address, to be taken, and both pages of health to be answered."""
    door.forget_requests()
    ann = door.stand.new_user("Ann")
    for _ in range(SILENT):
        crowd.enter_context(contextlib.closing(connected(door.url, says)))
    with httpx.Client(base_url=door.url, timeout=LONG_S, trust_env=False) as fresh:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        assert fresh.post("/telegram", json=said(ann, "a fox", 1), headers=headers).status_code == 200
        assert fresh.get("/healthz").status_code == 200
        assert fresh.get("/readyz").status_code == 200
    eventually(lambda: len(door.jobs(ann)) == 1)


def test_an_address_holds_few_connections_that_say_nothing(door: Door, crowd: ExitStack) -> None:
    """Given more silent connections of one address than it may have, I expect the oldest to go and the newest
    to stay."""
    made = [crowd.enter_context(contextlib.closing(connected(door.url))) for _ in range(150)]
    assert ended(made[0]) == b""
    process = psutil.Process(door.bot.pid)
    port = urlsplit(door.url).port

    def held() -> int:
        return sum(
            each.status == "ESTABLISHED" and each.laddr.port == port for each in process.net_connections()
        )

    eventually(lambda: held() <= 101)  # and the fixture's own
    made[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"alive" in ended(made[-1])


@pytest.mark.parametrize(
    "line", [b"X: " + b"a" * 8000 + b"\r\n", b"X" * 65_536, b"X: y\r\n"], ids=["long", "unbroken", "short"]
)
def test_headers_without_end_are_refused_early(door: Door, line: bytes) -> None:
    """Given a client that never ends its headers, I expect 400 or a closed connection long before they
    cost memory."""
    process = psutil.Process(door.bot.pid)
    before = process.memory_info().rss
    sent = 0
    with contextlib.closing(connected(door.url, HEAD)) as raw:
        with contextlib.suppress(ConnectionError):
            piece = line * max(1, 65_536 // len(line))
            while sent < 64 << 20:
                raw.sendall(piece)
                sent += len(piece)
        told = ended(raw)
    assert told == b"" or told.startswith(b"HTTP/1.1 400 ")
    assert sent < 32 << 20  # what the system's own buffers take included
    assert process.memory_info().rss - before < 32 << 20


def test_a_head_that_comes_whole_is_measured_too(door: Door) -> None:
    """Given a complete head, sent at once, that is longer than a head may be, I expect it to be refused."""
    lines = b"".join(
        b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(MOST_HEAD_BYTES // 1000 + 40)
    )
    with contextlib.closing(connected(door.url)) as raw:
        with contextlib.suppress(ConnectionError):
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")
        assert b" 200 " not in ended(raw)


@pytest.mark.long
@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"G",
        HEAD,
        HEAD + b"Content-Length: 9000\r\n\r\n{",
        HEAD + GENUINE + b"Content-Length: 9000\r\n\r\n{",
    ],
    ids=["silent", "a letter", "half a head", "a stranger's half body", "half a body"],
)
def test_who_is_late_is_left_after_ten_seconds_however_busy(door: Door, says: bytes) -> None:
    """Given a client that sends a byte now and then, I expect its connection to be closed after 10 s."""
    begin = time.monotonic()
    with contextlib.closing(connected(door.url, says)) as raw:
        raw.settimeout(0.5)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < LONG_S:
                try:
                    if not raw.recv(65_536):
                        break
                except TimeoutError:
                    if says:
                        raw.sendall(b"a")
    assert WITHIN_S - 1 < time.monotonic() - begin < LONG_S
