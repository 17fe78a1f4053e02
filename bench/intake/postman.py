"""Posts updates as Telegram does: many connections that are kept, the secret in a header, on each of them one
post at a time. Lean, as it shares the machine with what it measures."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

ANSWER_S = 60.0
"""Telegram waits this long for an answer."""
FIRST_USER = 10_000_000
PEOPLE = 2_000
"""Users that write, in turn."""
Update = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """What one postman posts: to `urls` in turn, on so many `connections` in all, from `start` (Unix time)
    for `seconds`, at `rate` updates a second (0: each connection as fast as it is answered).

    Of each hundred updates so many are `talk` (unknown commands), so many `repeats` of an earlier one; the
    others ask for pictures. Numbers begin at `first` and go up by `step`.
    """

    urls: Sequence[str]
    secret: str
    start: float
    seconds: float
    rate: float
    connections: int
    first: int
    step: int
    talk: int
    repeats: int


@dataclass(slots=True)
class Posted:
    """`acks`: (ms from the moment it was due until it was answered, status); `asked`: numbers of the updates
    that asked for a picture and were answered 200, `talked`: of those that did not."""

    acks: list[tuple[float, int]] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)
    talked: set[int] = field(default_factory=set)
    troubles: Counter[str] = field(default_factory=Counter)


def is_talk(number: int, talk: int) -> bool:
    """Whether the update of this number asks for nothing."""
    return number * 37 % 100 < talk


def user_of(number: int) -> int:
    """Who sends the update of this number."""
    return FIRST_USER + number % PEOPLE


def update(number: int, talk: int) -> Update:
    """The update of this number: somebody writes in private."""
    user = user_of(number)
    person = {"id": user, "first_name": "Ann", "last_name": "Lee", "username": f"u{user}"}
    message: Update = {
        "message_id": number,
        "date": 1_800_000_000,
        "chat": person | {"type": "private"},
        "from": person | {"is_bot": False, "language_code": "en"},
    }
    if is_talk(number, talk):
        message["text"] = "/sing a song"
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": 5}]
    else:
        message["text"] = f"/image a red fox in the snow, number {number}"
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": 6}]
    return {"update_id": number, "message": message}


def post(job: Round) -> Posted:
    """Post the round in this process."""
    return uvloop.run(_post(job))


async def _post(job: Round) -> Posted:
    posted = Posted()
    places = iter(range(1 << 40))

    async def carry(place: int) -> None:
        line = Line(job.urls[place % len(job.urls)], job.secret)
        while True:
            turn = next(places)
            due = job.start + turn / job.rate if job.rate else max(time.time(), job.start)
            if due >= job.start + job.seconds:
                break
            if (early := due - time.time()) > 0:
                await asyncio.sleep(early)
            repeated = turn % 100 < job.repeats and turn >= 30
            number = job.first + job.step * (turn - 30 if repeated else turn)
            try:
                status = await line.send(json.dumps(update(number, job.talk)).encode())
            except (OSError, TimeoutError) as error:
                posted.troubles[type(error).__name__] += 1
                status = 0
            posted.acks.append(((time.time() - due) * 1000, status))
            if status == 200:
                (posted.talked if is_talk(number, job.talk) else posted.asked).add(number)
        line.close()

    await asyncio.gather(*(carry(place) for place in range(job.connections)))
    return posted


class Line(asyncio.Protocol):
    """One connection; opened when it is needed, and again where it was closed."""

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: "
        ).encode()
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._answer: asyncio.Future[int] | None = None

    async def send(self, body: bytes) -> int:
        """Post; the status of the answer."""
        loop = asyncio.get_running_loop()
        transport = self._transport
        if transport is None:
            transport, _ = await loop.create_connection(lambda: self, *self._address)
            self._transport = transport
        answer: asyncio.Future[int] = loop.create_future()
        self._answer = answer
        bound = loop.call_later(ANSWER_S, _give_up, answer)
        transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        try:
            return await answer
        except TimeoutError:
            self.close()
            raise
        finally:
            bound.cancel()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, _transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._data = b""

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """A part of the answer."""
        self._data += data
        head, ended, rest = self._data.partition(b"\r\n\r\n")
        if not ended:
            return
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if len(rest) >= length and self._answer is not None and not self._answer.done():
            self._data = b""
            self._answer.set_result(int(lines[0][9:12]))


def _give_up(answer: "asyncio.Future[int]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError("no answer"))
