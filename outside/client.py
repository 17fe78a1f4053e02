"""The one client for providers' APIs and for files: whatever the other side does, a request ends in time, and
takes no more memory than it may."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from outside.call import OutsideCall
from outside.errors import Broken, Left, NotSendable, NotSent, OutsideError, Refused, TooLarge, bare
from outside.transport import BoundTransport, proxy_for

MOST_HEADERS = 128
HEADER_BYTES = 64 * 1024
"""Of one answer. The parser stops reading at about 100 kB; this is what is passed on."""
_NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError)
_SAID = 300
"""Characters of an error: some show the other side's bytes."""
_SECONDS = re.compile("[0-9]{1,6}")


class Client:
    """Connections, and the headers that go with each request. Safe to share between threads.

    It asks for plain bytes and takes nothing else, follows no redirect, and keeps no cookie: hosts that
    share an address would be sent each other's.
    """

    def __init__(
        self,
        connections: int,
        headers: Mapping[str, str] | None = None,
        *,
        proxied: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connect to nobody yet.

        Args:
            connections: That may be open at a time.
            headers: Of every request.
            proxied: The base URL for which the environment's proxy is obeyed; "" for none.
            transport: In place of the network.
        """
        proxy = proxy_for(proxied) if proxied else ""
        self._http = httpx.Client(
            transport=transport or BoundTransport(connections, proxy),
            headers={"User-Agent": "darkroom", **(headers or {}), "Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    @contextmanager
    def exchange(
        self,
        call: OutsideCall,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Iterator[httpx.Response]:
        """Send a request within a call that was begun; in the block, its answer can be read by `pieces`.

        Raises:
            NotSent: Nothing of the request has left.
            Broken: It may have arrived.
            BaseException: What made the caller's check raise.
        """
        longest_s = call.bounds.idle_s
        timeout = httpx.Timeout(longest_s, connect=min(5.0, longest_s))
        with told(call):
            request = self._http.build_request(method, url, headers=headers, timeout=timeout, **more)
            response = self._http.send(request, stream=True)
        try:
            _check(response)
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def pieces(response: httpx.Response, call: OutsideCall) -> Iterator[bytes]:
    """Yield the body as it comes: a size asked for here would hold a dribble back until it is reached.

    Raises:
        TooLarge: There is more of it than the call's bounds allow.
        Broken: It ends early.
    """
    size = 0
    with told(call):
        for piece in response.iter_raw():
            call.left_s()
            size += len(piece)
            if size > call.bounds.size:
                raise TooLarge(f"an answer of more than {call.bounds.size} bytes")
            yield piece


def advised_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds after which an answer asks us to come back; None where it names none."""
    found = _SECONDS.fullmatch(headers.get("retry-after", ""))
    return float(found[0]) if found else None


def _check(response: httpx.Response) -> None:
    """Refuse an answer by its head."""
    raw = response.headers.raw
    if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES:
        raise Refused(f"an answer with {len(raw)} headers")
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(f"an answer packed as {coding[:40]!r}")


@contextmanager
def told(call: OutsideCall) -> Iterator[None]:
    """In the block, raise what went wrong by what is known of the request."""
    try:
        yield
    except _NEVER_SENT as error:
        raise NotSendable(f"{type(error).__name__}: {error}"[:_SAID]) from bare(error)
    except httpx.HTTPError as error:
        raise (Broken if call.sent else NotSent)(repr(error)[:_SAID]) from bare(error)
    except OutsideError as error:
        if call.sent:
            raise
        raise NotSent(str(error)) from bare(error)
    except BaseException as error:
        if call.reason is error and call.sent:
            raise Left(error) from bare(error)
        raise
