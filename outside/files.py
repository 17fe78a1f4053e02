"""Files of others: streamed, without credentials, from addresses on the internet that were checked."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from outside.addresses import Address, is_public
from outside.call import CallBounds, OutsideCall, begun
from outside.client import Client, pieces
from outside.errors import Broken, Left, NotSent, OutOfTime, OutsideError, Refused
from outside.wire import MOST_ADDRESSES, Unresolved, addresses_of

PACE = 32 * 1024
"""Bytes a second at which a file comes at least: what is slower is as good as not there."""
_MAX_HOPS = 3
_CONNECTIONS = 100


class NotAllowed(OutsideError):
    """The URL is none that is fetched: malformed, not https, inside our network, or redirected too often."""


@dataclass(frozen=True, slots=True)
class File:
    """What a host answers; `pieces` can be read once, and raise Broken."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class Files:
    """Fetches files. Safe to share between threads."""

    def __init__(
        self, timeout_s: float, longest_s: float, largest: int, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Connect to nobody yet.

        Args:
            timeout_s: Seconds without any byte.
            longest_s: Seconds from the request on to the last byte, redirects included.
            largest: Bytes of one file.
            transport: In place of the network.
        """
        self._bounds = CallBounds(longest_s, timeout_s, largest, PACE)
        self._client = Client(_CONNECTIONS, transport=transport)

    @contextmanager
    def fetched(self, url: str, *, private: bool) -> Iterator[File]:
        """Ask for the file at an https URL; with `private` also for http, and for addresses inside.

        Raises:
            NotAllowed: It is none that is fetched.
            NotSent: No host was reached.
            Broken: A host was, and did not answer properly.
            BaseException: The reason to stop.
        """
        with begun(self._bounds) as call, ExitStack() as open_now:
            try:
                response = self._found(open_now, call, url, private)
            except (httpx.InvalidURL, UnicodeError) as error:
                raise NotAllowed(f"URL is malformed ({str(error)[:300]})") from error
            yield File(response.status_code, response.headers, pieces(response, call))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _found(self, open_now: ExitStack, call: OutsideCall, url: str, private: bool) -> httpx.Response:
        """Follow redirects, each of which is checked like the first URL."""
        for _ in range(_MAX_HOPS + 1):
            response = self._asked(open_now, call, httpx.URL(url), private)
            if not response.has_redirect_location:
                return response
            open_now.close()
            url = str(httpx.URL(url).join(response.headers["location"]))
        raise NotAllowed(f"URL redirects more than {_MAX_HOPS} times")

    def _asked(self, open_now: ExitStack, call: OutsideCall, url: httpx.URL, private: bool) -> httpx.Response:
        """The answer of the first of the host's addresses that gives one."""
        trouble: OutsideError | None = None
        for address in _addresses(url, private):
            # The very address that was checked: a second look-up could answer another one.
            exchange = self._client.exchange(
                call,
                "GET",
                url.copy_with(host=str(address)),
                {"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.host},
            )
            try:
                return open_now.enter_context(exchange)
            except (Left, OutOfTime, Refused):
                raise
            except (NotSent, Broken) as error:
                trouble = error
                call.left_s()
        raise Broken(str(trouble)) from trouble


def _addresses(url: httpx.URL, private: bool) -> list[Address]:
    """The addresses to call for a URL, each of them checked."""
    if url.scheme != "https" and not (private and url.scheme == "http"):
        raise NotAllowed(f"URL is not https: {url.scheme[:40]}")
    if not url.host:
        raise NotAllowed("URL names no host")
    try:
        found = addresses_of(url.host)
    except Unresolved as error:
        raise NotSent(str(error)) from error
    addresses = [address for address in found if private or is_public(address)]
    if not addresses:
        raise NotAllowed(f"URL points inside: {url.host[:300]}")
    return addresses[:MOST_ADDRESSES]
