"""The HTTP client for providers' APIs and for files.

Whatever the server does, a request ends within its time and takes no more memory than its bound.
"""

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
"""Largest headers of a response that are accepted. The parser itself stops at about 100 kB."""
_NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError)
_SAID = 300
"""Characters of an error message that are kept: some messages quote the server's bytes."""
_SECONDS = re.compile("[0-9]{1,6}")


class Client:
    """Connections, and the headers of every request. Safe to share between threads.

    The client accepts only uncompressed bodies and follows no redirects. It keeps no cookies: hosts that
    share an address would receive each other's.
    """

    def __init__(
        self,
        connections: int,
        headers: Mapping[str, str] | None = None,
        *,
        proxied: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare the client. Connections are made as requests need them.

        Args:
            connections: How many may be open at a time.
            headers: The headers of every request.
            proxied: The base URL whose proxy is taken from the environment; "" for no proxy.
            transport: Takes the place of the network (for tests).
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
        """Send a request within a begun call. In the block, `pieces` reads the body of the response.

        Raises:
            NotSent: No byte of the request was sent.
            Broken: The request may have arrived.
            BaseException: The caller's check ended the call before anything was sent: the check's own error.
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
    """Yield the body as it arrives.

    No chunk size is asked for: httpx would hold a slow body back until a chunk is full.

    Raises:
        TooLarge: The body is larger than the call's bounds allow.
        Broken: The body ends early.
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
    """Return the seconds in a Retry-After header, None if there is none or it is not a number."""
    found = _SECONDS.fullmatch(headers.get("retry-after", ""))
    return float(found[0]) if found else None


def _check(response: httpx.Response) -> None:
    """Raise Refused if the headers of a response are too large, or name a compressed body."""
    raw = response.headers.raw
    if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > HEADER_BYTES:
        raise Refused(f"an answer with {len(raw)} headers")
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(f"an answer packed as {coding[:40]!r}")


@contextmanager
def told(call: OutsideCall) -> Iterator[None]:
    """In the block, turn errors into those of `outside.errors`, by whether the request was sent."""
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
