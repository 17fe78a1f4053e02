"""The tools that the fault suite relies on: a proxy that does as told, and a checker that can fail."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger import keys

from .house import House
from .proxy import Proxy
from .trap import Deed, Trap

pytestmark = pytest.mark.faults


@pytest.fixture
def line() -> Iterator[Proxy]:
    """A proxy to a server that sends everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo(connection: socket.socket) -> None:
        with connection, suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                connection.sendall(chunk)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with Proxy(listener.getsockname()[1]) as proxy:
        yield proxy
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def client(line: Proxy) -> Iterator[socket.socket]:
    """A connection through the proxy."""
    with socket.create_connection(("127.0.0.1", line.port), timeout=5) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
        yield connection


def silent(client: socket.socket) -> bool:
    """Whether nothing comes for a while."""
    client.settimeout(0.2)
    try:
        client.recv(100)
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)
    return False


def test_a_delay_holds_in_both_directions(line: Proxy, client: socket.socket) -> None:
    line.delay(0.15)
    begin = time.monotonic()
    client.sendall(b"slow")
    assert client.recv(100) == b"slow"
    assert 0.3 <= time.monotonic() - begin < 3


def test_a_black_hole_keeps_all_and_gives_it_back(line: Proxy, client: socket.socket) -> None:
    line.black_hole()
    client.sendall(b"lost")
    assert silent(client)
    line.heal()
    assert client.recv(100) == b"lost"


def test_a_reset_ends_all_connections_and_new_ones(line: Proxy, client: socket.socket) -> None:
    line.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with pytest.raises(ConnectionResetError), socket.create_connection(("127.0.0.1", line.port), 5) as other:
        other.recv(100)
    assert line.connections == 0
    line.heal()
    with socket.create_connection(("127.0.0.1", line.port), 5) as other:
        other.sendall(b"again")
        assert other.recv(100) == b"again"


def test_a_connection_is_cut_after_so_many_bytes(line: Proxy, client: socket.socket) -> None:
    line.cut_after(7)
    client.sendall(b"0123456789")
    assert client.recv(100) == b"0123456"
    with pytest.raises(ConnectionResetError):
        client.recv(100)


@pytest.mark.parametrize("deed", [Deed.HOLD, Deed.HOLD_ANSWER])
def test_a_trap_holds_one_request(line: Proxy, client: socket.socket, deed: Deed) -> None:
    trap = line.set(Trap(b"sec.et", deed))
    client.sendall(b"open")
    assert client.recv(100) == b"open"
    client.sendall(b"a sec")
    assert client.recv(100) == b"a sec"
    client.sendall(b"ret")
    assert trap.wait() is line
    assert silent(client)
    line.heal()
    assert client.recv(100) == b"ret"


@pytest.mark.parametrize("deed", [Deed.RESET, Deed.LOSE_ANSWER])
def test_a_trap_ends_one_connection(line: Proxy, client: socket.socket, deed: Deed) -> None:
    trap = line.set(Trap(b"bye", deed))
    client.sendall(b"bye")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with socket.create_connection(("127.0.0.1", line.port), 5) as other:
        other.sendall(b"bye")
        assert other.recv(100) == b"bye"
    assert trap.struck == [line]


@pytest.fixture
def kept(polling_house: House) -> House:
    """A house in order, whose `jobs_unaccounted` nobody watches."""
    polling_house.heal()
    return polling_house


def send_photo(house: House, chat: int, reply_to: int, caption: str, picture: bytes) -> None:
    """Send a picture in the name of the bot."""
    words = {"chat_id": chat, "caption": caption, "reply_parameters": f'{{"message_id": {reply_to}}}'}
    url = f"{house.stack.telegram.base_url}/bot{house.stack.settings.telegram_token}/sendPhoto"
    answer = httpx.post(url, data=words, files={"photo": picture}, trust_env=False)
    assert answer.json()["ok"], answer.text


def test_the_checker_sees_a_result_too_many_and_one_too_few(kept: House) -> None:
    ann = kept.person()
    shown = ann.make("/image a twin")
    picture = ann.bytes_of(shown)
    kept.check()
    kept.stack.telegram.send(ann.id, "hello")
    send_photo(kept, ann.id, shown["reply_to_message"]["message_id"], "a twin", picture)
    with pytest.raises(AssertionError, match="I1: 2 results for 1"):
        kept.check()


def test_the_checker_sees_what_is_anothers(kept: House) -> None:
    ann, bob = kept.people(2)
    hers = ann.make("/image a mirror")
    bob.make("/image a window")
    (job,) = [job for job in kept.check() if job.origin.user == bob.id]
    assert job.artifact
    key = keys.job(job.id)
    kept.client.hset(key, mapping={"prompt": "a mirror"})
    with pytest.raises(AssertionError, match="I6"):
        kept.check()
    kept.client.hset(key, mapping={"prompt": "a window"})
    (Path(kept.stack.settings.media_url) / job.artifact.key).write_bytes(ann.bytes_of(hers) + b"!")
    with pytest.raises(AssertionError, match=r"I6: the file"):
        kept.check()


def test_the_checker_sees_a_second_payment(kept: House) -> None:
    ann = kept.person()
    ann.make("/image a receipt")
    kept.check()
    made = httpx.post(
        f"{kept.stack.provider.base_url}/v1/models/darkroom/sketch/predictions",
        json={"input": {"prompt": "a receipt"}},
        headers={"Authorization": f"Bearer {kept.stack.settings.replicate_api_token}"},
        trust_env=False,
    )
    assert made.status_code == 201
    with pytest.raises(AssertionError, match="I2: paid more than once"):
        kept.check()


def test_the_checker_sees_a_lost_job_and_a_wrong_count(kept: House) -> None:
    ann = kept.person()
    ann.make("/image a gap in the wall")
    (job,) = kept.check()
    count = keys.counts()
    field = f"jobs:delivered:{job.request.kind}:{job.tier}"
    kept.client.hincrby(count, field, 1)
    with pytest.raises(AssertionError, match="I7"):
        kept.check()
    kept.client.hincrby(count, field, -1)
    record: Any = kept.client.hgetall(keys.job(job.id))
    kept.client.delete(keys.job(job.id))
    with pytest.raises(AssertionError, match="I1: 1 results for 0"):
        kept.check()
    kept.client.hset(keys.job(job.id), mapping=record | {"state": "running"})
    with pytest.raises(AssertionError, match="I1: these have not ended"):
        kept.check(within_s=0.1)
    kept.client.hset(keys.job(job.id), mapping=record)
    kept.check()


def test_the_checker_sees_money_that_is_in_no_book(kept: House) -> None:
    """Given a job that was paid for, I expect a book that says otherwise to be seen, and also a price that
    stays reserved, and a submission that nobody was billed for."""
    ann = kept.person()
    ann.make("/image a till")
    (job,) = kept.check()
    key = keys.job(job.id)
    price, spans = map(str, kept.client.hmget(key, "billed", "reserved_in"))
    book = keys.budget_people(spans.split()[0])
    kept.client.hincrby(book, f"used:{ann.id}", 1)
    with pytest.raises(AssertionError, match=f"I9: {book} has .* as used:{ann.id}"):
        kept.check()
    kept.client.hincrby(book, f"used:{ann.id}", -1)
    kept.client.hset(key, mapping={"billed": "0", "reserved": price})
    with pytest.raises(
        AssertionError, match=f"I9: job {job.id} is delivered and has {price} reserved"
    ) as seen:
        kept.check()
    assert "'a till': submitted 1 times, billed 0 times" in str(seen.value)
    kept.client.hset(key, mapping={"billed": price, "reserved": "0"})
    kept.check()
