"""A client (postman) that posts updates as Telegram does.

It keeps many connections open, with one post at a time on each, and sends the secret in a header. It is lean,
as it shares the machine with what it measures.
"""

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
"""Longest wait (s) for a response, as Telegram's."""
FIRST_USER = 10_000_000
PEOPLE = 2_000
"""Number of users that write, in turn."""
Update = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """What one client posts.

    Of each hundred updates `talk` are unknown commands and `repeats` are repeats of an earlier update; the
    others ask for pictures.

    Attributes:
        urls: The bots, in turn.
        secret: The webhook's secret.
        start: Unix time of the first post.
        seconds: Length of the round.
        rate: Updates a second; 0: each connection as fast as its posts are acknowledged.
        connections: Connections to all bots together.
        first: The number of the first update.
        step: The difference of two numbers.
        talk: Percentage of unknown commands.
        repeats: Percentage of repeats.
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
    """What one client posted.

    Attributes:
        acks: For each post the ms from the moment it was due to its response, and the status.
        asked: Numbers of the acknowledged updates that asked for a picture.
        talked: Numbers of the other acknowledged updates.
        troubles: Name of an error -> how often it occurred.
    """

    acks: list[tuple[float, int]] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)
    talked: set[int] = field(default_factory=set)
    troubles: Counter[str] = field(default_factory=Counter)


def is_talk(number: int, talk: int) -> bool:
    """Return whether the update of this number is an unknown command."""
    return number * 37 % 100 < talk


def user_of(number: int) -> int:
    """Return the user who sends the update of this number."""
    return FIRST_USER + number % PEOPLE


def update(number: int, talk: int) -> Update:
    """Return the update of this number: a message in a private chat."""
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
    """One connection; opened when needed, and again after it was closed."""

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
        """Post an update and return the response's status.

        Raises:
            TimeoutError: There was no response within ANSWER_S.
        """
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
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, _transport: asyncio.BaseTransport) -> None:
        """Start with an empty buffer."""
        self._data = b""

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the post that waits for a response."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Collect the response; when it is complete, set its status."""
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
