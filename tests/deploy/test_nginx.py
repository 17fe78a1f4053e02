"""The door of production: what one address may cost it, and who is served beside."""

import contextlib
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from nginx_stage import OPERATOR, OTHER, SLOW, STRANGER, TELEGRAM, Nginx, closed_after, running
from patience import LONG_S, eventually

HALF_HEAD = b"POST /telegram HTTP/1.1\r\nHost: bot\r\n"
HALVES = 9000
TOO_MANY = 429


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    yield from running(folder)


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """Connections that are closed after the test, of which there may be many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < HALVES + 1000:
        pytest.skip(f"only {hard} files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (HALVES + 1000, hard))
    try:
        with ExitStack() as open_:
            yield open_
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def statuses(ask: Callable[[], httpx.Response], times: int, at_once: int) -> Counter[int]:
    """How many requests are answered with each status."""
    with ThreadPoolExecutor(at_once) as asking:
        return Counter(each.status_code for each in asking.map(lambda _: ask(), range(times)))


def test_half_requests_of_one_address_close_the_door_to_nobody(door: Nginx, crowd: ExitStack) -> None:
    """Given thousands of requests of one address that are never finished, I expect updates to be taken."""
    for _ in range(HALVES):
        crowd.enter_context(contextlib.closing(door.connected(STRANGER, HALF_HEAD)))
    assert door.post(TELEGRAM) == 200
    assert door.post(OTHER) == 200


def test_an_address_has_a_hundred_requests_under_way(door: Nginx, crowd: ExitStack) -> None:
    """Given more requests of one address than it may have at a time, and a bot that takes its time, I expect
    those above to be refused, and other addresses to be served."""
    ask = f"GET {SLOW} HTTP/1.1\r\nHost: bot\r\n\r\n".encode()
    made = [crowd.enter_context(contextlib.closing(door.connected(STRANGER, ask))) for _ in range(130)]
    eventually(lambda: sum(map(refused, made)) == 30)
    assert door.post(STRANGER) == TOO_MANY
    assert door.post(OTHER) == 200
    assert door.post(TELEGRAM) == 200
    door.go.set()
    eventually(lambda: door.post(STRANGER) == 200)


def refused(connection: socket.socket) -> bool:
    """Whether what was asked has been answered: with 429."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        return connection.recv(100, socket.MSG_PEEK).startswith(f"HTTP/1.1 {TOO_MANY} ".encode())
    return False


@pytest.mark.parametrize("path", ["/metrics", "/flower/", "/readyz"])
def test_passwords_cannot_be_tried_quickly(door: Nginx, path: str) -> None:
    """Given three hundred wrong passwords at once, or questions that cost us something, I expect most to be
    refused unseen, and the operator, at another address, to be let in."""
    with door.client(STRANGER) as stranger:
        stranger.auth = httpx.BasicAuth("operator", "a guess")
        told = statuses(partial(stranger.get, path), 300, at_once=40)
    assert told[TOO_MANY] > 100
    assert sum(told.values()) == 300
    with door.client(OTHER) as operator:
        operator.auth = httpx.BasicAuth(*OPERATOR)
        assert operator.get(path).status_code == 200


@pytest.mark.parametrize("address", [TELEGRAM, OTHER])
def test_a_hundred_connections_are_never_refused_for_their_rate(door: Nginx, address: str) -> None:
    """Given a hundred connections that post without a pause, I expect each post to be taken: of others than
    Telegram in their turn."""
    with door.client(address) as client:
        told = statuses(partial(client.post, "/telegram"), 500, at_once=90)
    assert told == {200: 500}


@pytest.mark.long
@pytest.mark.parametrize("says", [b"", HALF_HEAD], ids=["silent", "half a head"])
def test_who_is_late_is_left_after_ten_seconds(door: Nginx, says: bytes) -> None:
    """Given a client that says nothing, or sends a letter now and then, I expect it to be left after 10 s."""
    with contextlib.closing(door.connected(STRANGER, says)) as slow:
        assert 9 < closed_after(slow, b"a" if says else b"") < LONG_S
