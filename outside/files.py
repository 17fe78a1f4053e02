"""Fetching files from other hosts: streamed, without credentials, only from addresses that were checked."""

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
"""Minimum bytes per second of a file. A slower host counts as not answering."""
_MAX_HOPS = 3
_CONNECTIONS = 100


class NotAllowed(OutsideError):
    """The URL must not be fetched: malformed, not https, inside our network, or redirected too often."""


@dataclass(frozen=True, slots=True)
class File:
    """A host's response. `pieces` yields the body, once, and may raise Broken."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class Files:
    """Fetches files. Safe to share between threads."""

    def __init__(
        self, timeout_s: float, longest_s: float, largest: int, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Prepare the client. Connections are made as files are fetched.

        Args:
            timeout_s: Longest time without a byte, in seconds.
            longest_s: Longest time from the request to the last byte, redirects included, in seconds.
            largest: Most bytes of one file.
            transport: Takes the place of the network (for tests).
        """
        self._bounds = CallBounds(longest_s, timeout_s, largest, PACE)
        self._client = Client(_CONNECTIONS, transport=transport)

    @contextmanager
    def fetched(self, url: str, *, private: bool) -> Iterator[File]:
        """Request the file at an https URL, to be read in the block.

        Args:
            url: The file's address.
            private: Also allow http and addresses that are not public.

        Raises:
            NotAllowed: The URL must not be fetched.
            NotSent: The host's name cannot be resolved.
            Broken: No address of the host gave a complete response.
            BaseException: The caller's check ended the call before anything was sent: the check's own error.
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
        """Return the response after redirects. Each URL on the way is checked like the first."""
        for _ in range(_MAX_HOPS + 1):
            response = self._asked(open_now, call, httpx.URL(url), private)
            if not response.has_redirect_location:
                return response
            open_now.close()
            url = str(httpx.URL(url).join(response.headers["location"]))
        raise NotAllowed(f"URL redirects more than {_MAX_HOPS} times")

    def _asked(self, open_now: ExitStack, call: OutsideCall, url: httpx.URL, private: bool) -> httpx.Response:
        """Return the response of the first address of the host that gives one."""
        trouble: OutsideError | None = None
        for address in _addresses(url, private):
            # Connect to the address that was checked: a second look-up could return another one.
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
    """Return the addresses to connect to for a URL, each of them checked."""
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
