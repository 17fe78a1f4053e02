"""Hostile connections at a server of ours, with little patience: what is closed when, and what goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from patience import LONG_S
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from serving.configuration import configuration
from serving.listening import listener
from serving.places import Places
from serving.protocol import Patience

WITHIN_S = 0.5
MOST = 3
WAITING, OF_ONE = 20, 10


class Served:
    """A server on the test's own event loop; answers to /slow wait for `go`."""

    def __init__(self, patience: Patience, most: int = MOST) -> None:
        self.go = asyncio.Event()
        self.slow = 0
        routes = [
            Route("/", self._answer, methods=["GET", "POST"]),
            Route("/slow", self._slow),
            Route("/read", self._read, methods=["POST"]),
        ]
        application = Places(Starlette(routes=routes), most, beside=["/"])
        self.server = uvicorn.Server(
            configuration(application, waiting=WAITING, of_one_address=OF_ONE, patience=patience)
        )
        self.listener = listener("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]

    async def _answer(self, _request: Request) -> Response:
        return PlainTextResponse("here")

    async def _slow(self, _request: Request) -> Response:
        self.slow += 1
        await self.go.wait()
        return PlainTextResponse("done")

    async def _read(self, request: Request) -> Response:
        return PlainTextResponse(f"{len(await request.body())} bytes")

    async def open(self, says: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(says)
        return reader, writer

    async def ask(self, path: str = "/") -> str:
        """The status of a request on a connection of its own."""
        reader, writer = await self.open(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        told = (await reader.read()).decode()
        writer.close()
        return told.split(" ")[1]


@asynccontextmanager
async def serving(patience: Patience, most: int = MOST) -> AsyncIterator[Served]:
    made = Served(patience, most)
    running = asyncio.create_task(made.server.serve([made.listener]))
    while not made.server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield made
    made.go.set()
    made.server.should_exit = True
    await running


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """One that leaves late clients soon."""
    async with serving(Patience(WITHIN_S, WITHIN_S, answer_s=LONG_S)) as made:
        yield made


GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"


@pytest.mark.parametrize("says", [b"", b"GET / HT", POST], ids=["silent", "half a head", "half a body"])
async def test_a_dribbling_client_is_left(served: Served, says: bytes) -> None:
    """Given a client that sends a byte at a time, also after an answer that did not wait for its body, I
    expect the connection to end; each byte begins no new time."""
    reader, writer = await served.open(says)
    begin = time.monotonic()
    over = asyncio.create_task(reader.read())
    with suppress(ConnectionError):
        while not over.done() and time.monotonic() - begin < LONG_S:
            if says:
                writer.write(b"a")
            await asyncio.sleep(0.05)
    assert over.done()
    assert time.monotonic() - begin >= WITHIN_S * 0.9
    writer.close()


async def test_the_second_request_of_a_connection_is_bounded_as_the_first(served: Served) -> None:
    """Given a connection that was answered once, and then sends half a head, I expect it to end."""
    reader, writer = await served.open(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await reader.readuntil(b"here")
    writer.write(b"GET / HTTP/1.1\r\nHo")
    assert await asyncio.wait_for(reader.read(), LONG_S) == b""
    writer.close()


async def test_an_answer_that_takes_long_is_not_cut_off(served: Served) -> None:
    """Given a request whose answer takes longer than a request may, I expect the answer."""
    asking = asyncio.create_task(served.ask("/slow"))
    await asyncio.sleep(WITHIN_S * 2)
    served.go.set()
    assert await asking == "200"


async def test_requests_in_hand_are_bounded_and_health_has_places_of_its_own(served: Served) -> None:
    """Given as many requests in hand as may be, I expect 503 for the next, and health to be answered."""
    in_hand = [asyncio.create_task(served.ask("/slow")) for _ in range(MOST)]
    while served.slow < MOST:  # noqa: ASYNC110 - a condition
        await asyncio.sleep(0.01)
    assert await served.ask("/slow") == "503"
    assert await served.ask("/") == "200"
    served.go.set()
    assert await asyncio.gather(*in_hand) == ["200"] * MOST
    assert await served.ask("/slow") == "200"


async def test_who_comes_with_many_at_once_is_served() -> None:
    """Given more connections at once than may wait, each of which sends its request a moment later, I expect
    all to be answered: none goes for another before its request could be read."""
    async with serving(Patience(LONG_S, LONG_S, LONG_S, hurry_s=LONG_S)) as served:
        opened = [await served.open() for _ in range(WAITING + OF_ONE)]
        for _, writer in opened:
            writer.write(GET)
        for reader, _ in opened:
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


async def test_parts_of_requests_leave_room_for_whole_ones() -> None:
    """Given many posts that are not complete, and more places than such may have, I expect one that is
    complete to be taken."""
    half = POST.replace(b"POST /", b"POST /read")
    patience = Patience(LONG_S * 2, LONG_S * 2, LONG_S, hurry_s=LONG_S * 2)
    async with serving(patience, most=WAITING * 2 + 1) as served:
        opened = [await served.open(half) for _ in range(WAITING * 5)]
        for reader, _ in opened[: WAITING * 4 - OF_ONE]:
            await asyncio.wait_for(reader.read(), LONG_S)
        reader, _ = await served.open(half + b"a" * 5000)
        assert (await reader.readuntil(b"5000 bytes")).startswith(b"HTTP/1.1 200 ")


async def test_silent_ones_go_soon_for_others() -> None:
    """Given a server that would wait for long, and more silent connections than may wait, I expect the first
    ones to go, and those that fit to stay."""
    async with serving(Patience(LONG_S * 2, LONG_S * 2, LONG_S, hurry_s=0.1)) as served:
        opened = [await served.open() for _ in range(WAITING)]
        for reader, _ in opened[:-OF_ONE]:
            assert await asyncio.wait_for(reader.read(), LONG_S) == b""
        for reader, writer in opened[-OF_ONE:]:
            writer.write(GET)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


async def test_two_requests_at_once_are_answered_one_after_the_other(served: Served) -> None:
    reader, writer = await served.open(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    for _ in range(2):
        assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200 ")
    writer.close()
