"""Connections whose every wait is short, so that a call on them can end at any moment."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address
from itertools import zip_longest
from select import POLLIN, POLLOUT
from select import poll as poll_object
from typing import Any, TypeVar

import httpcore

from outside.addresses import Address
from outside.call import LOOK_S, OutsideCall, current
from outside.errors import OutsideError

T = TypeVar("T")
CONNECT_S = 5.0
"""Longest wait for one address."""
MOST_ADDRESSES = 6
"""Of one host: each may cost the wait for a connection."""
_PIECE = 65_536
_LOOKUPS = threading.BoundedSemaphore(16)
"""Look-ups cannot be broken off: those of a resolver that does not answer are not to pile up."""


class Unresolved(OutsideError):
    """No resolver knows the host's name, or none has answered in time."""


class Wire(httpcore.NetworkBackend):
    """httpcore's backend: makes connections for whichever call the present thread is in."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's interface
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the host that answers."""
        trouble: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses_of(host)[:MOST_ADDRESSES]:
            try:
                return _Line(_connected(address, port, timeout or CONNECT_S))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts to connect, of which there are none."""
        time.sleep(seconds)


def addresses_of(host: str) -> list[Address]:
    """Return all addresses of a host in the resolver's order, IPv4 and IPv6 in turn: one may lead nowhere.

    Raises:
        Unresolved: There are none, or not in the time that the present call has.
        UnicodeError: The host is no name.
    """
    call = current()
    try:
        return [ip_address(host)]
    except ValueError:
        found = _looked_up(host, call)
    addresses = dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found)
    of_first = [address for address in addresses if address.version == next(iter(addresses)).version]
    others = [address for address in addresses if address.version != next(iter(addresses)).version]
    return [address for pair in zip_longest(of_first, others) for address in pair if address is not None]


def _looked_up(host: str, call: OutsideCall) -> list[Any]:
    found: list[list[Any] | Exception] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            found.append(list(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            found.append(error)
        finally:
            _LOOKUPS.release()
            done.set()

    while not _LOOKUPS.acquire(timeout=min(LOOK_S, call.left_s())):
        pass
    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    while not done.wait(min(LOOK_S, call.left_s())):
        pass
    answer = found[0]
    if isinstance(answer, UnicodeError):
        raise answer
    if isinstance(answer, Exception):
        raise Unresolved(f"host {host!r} cannot be resolved") from answer
    return answer


def _connected(address: Address, port: int, timeout_s: float) -> socket.socket:
    call = current()
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        line = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    try:
        line.setblocking(False)
        line.connect_ex((str(address), port))
        _until_ready(call, line, POLLOUT, timeout_s, httpcore.ConnectTimeout)
        if code := line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, "no connection")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, OverflowError) as error:
        line.close()
        raise httpcore.ConnectError(str(error)) from error
    except BaseException:
        line.close()
        raise
    return line


def _until_ready(
    call: OutsideCall, line: socket.socket, event: int, timeout_s: float | None, late: type[Exception]
) -> None:
    """Wait until the socket is ready; raises `late` after the time-out, and what the call raises."""
    poll = poll_object()
    poll.register(line, event)
    began = time.monotonic()
    end = None if timeout_s is None else began + timeout_s
    while True:
        asked = time.monotonic()
        wait_s = min(LOOK_S, call.left_s())
        ready = poll.poll(1000 * (wait_s if end is None else max(0.0, min(wait_s, end - asked))))
        call.waited_s += time.monotonic() - asked
        if ready:
            return
        if end is not None and time.monotonic() >= end:
            raise late(f"nothing for {timeout_s:g} s")


class _Line(httpcore.NetworkStream):
    """A connection, in the clear or in TLS. Its socket never blocks."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, b"" at the end."""
        call = current()
        errors = httpcore.ReadTimeout, httpcore.ReadError
        data = self._done(call, partial(self._line.recv, max_bytes), POLLIN, timeout, errors)
        call.received += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        call = current()
        left = memoryview(buffer)
        errors = httpcore.WriteTimeout, httpcore.WriteError
        while left:
            call.sent = True
            left = left[self._done(call, partial(self._line.send, left[:_PIECE]), POLLOUT, timeout, errors) :]

    def close(self) -> None:
        """Close the connection, at once."""
        self._line.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Speak TLS from here on."""
        call = current()
        late, failed = httpcore.ConnectTimeout, httpcore.ConnectError
        try:
            line = ssl_context.wrap_socket(
                self._line, server_hostname=server_hostname, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            self.close()
            raise failed(str(error)) from error
        secure = _Line(line)
        try:
            secure._done(call, line.do_handshake, POLLIN, timeout, (late, failed))
        except BaseException:
            secure.close()
            raise
        return secure

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks for."""
        if info == "ssl_object":
            return self._line if isinstance(self._line, ssl.SSLSocket) else None
        if info == "socket":
            return self._line
        if info == "is_readable":
            poll = poll_object()
            poll.register(self._line, POLLIN)
            return self._line.fileno() < 0 or bool(poll.poll(0))
        return None

    def _done(
        self,
        call: OutsideCall,
        step: Callable[[], T],
        event: int,
        timeout_s: float | None,
        errors: tuple[type[Exception], type[Exception]],
    ) -> T:
        """Take one step on the socket, as soon as it can be taken."""
        late, failed = errors
        try:
            while True:
                call.left_s()
                try:
                    return step()
                except ssl.SSLWantReadError:
                    wanted = POLLIN
                except ssl.SSLWantWriteError:
                    wanted = POLLOUT
                except BlockingIOError:
                    wanted = event
                _until_ready(call, self._line, wanted, timeout_s, late)
        except OSError as error:
            raise failed(str(error)) from error
