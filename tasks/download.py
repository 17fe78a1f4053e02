"""Fetching what a provider made: bounded, streamed, never from an address inside our own network."""

import base64
import binascii
import ipaddress
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import zip_longest
from urllib.parse import unquote_to_bytes

import httpx

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure

_MAX_HOPS = 3
_MAX_ADDRESSES = 6
"""Of one host: each may cost the wait for a connection."""
_WHITE = b"\t\n\f\r "
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutputMissing(PassingError):
    """The host has no such file: it may have answered before the file is everywhere, or the file is gone."""


class Downloader:
    """One HTTP client for outputs. It carries no credentials: outputs live on other hosts than the API.

    `timeout_s` bounds the wait for each piece of a body, `longest_s` that for all of it.
    """

    def __init__(self, timeout_s: float, longest_s: float = 600.0) -> None:
        self._longest = longest_s
        # Hosts that share an address would be sent each other's cookies: none are kept.
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        self._http = httpx.Client(timeout=timeout, trust_env=False, cookies=cookies)

    @contextmanager
    def stream(self, url: str, *, private: bool) -> Iterator[Iterator[bytes]]:
        """Chunks of the file at an https (or, with `private`, http) or data: URL.

        `private`: addresses of private networks are allowed. Raises JobFailed for what will never work and
        PassingError for what may: OutputMissing where the host answers and has no file. A body that ends
        early raises PassingError from the chunks, an empty one OutputMissing.
        """
        if url.startswith("data:"):
            yield iter([_inline(url)])
            return
        try:
            response = self._open(url, private)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL is malformed ({error})") from error
        try:
            yield _chunks(response, self._longest)
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _open(self, url: str, private: bool) -> httpx.Response:
        for _ in range(_MAX_HOPS + 1):
            response = self._ask(httpx.URL(url), private)
            if not response.has_redirect_location:
                break
            response.close()
            url = str(httpx.URL(url).join(response.headers["location"]))
        else:
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL redirects more than {_MAX_HOPS} times")
        if response.status_code != 200:
            response.close()
            answer = f"output host: HTTP {response.status_code}"
            if response.status_code == 429 or response.status_code >= 500:
                advice = response.headers.get("retry-after", "")
                raise PassingError(answer, float(advice) if advice.isdigit() else None)
            raise OutputMissing(answer)
        return response

    def _ask(self, url: httpx.URL, private: bool) -> httpx.Response:
        """The answer of the first of the host's addresses that gives one."""
        trouble: httpx.HTTPError | None = None
        for address in self._addresses(url, private):
            # The very address that was checked: a second look-up could answer another one.
            request = self._http.build_request(
                "GET",
                url.copy_with(host=str(address)),
                headers={"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.host},
            )
            try:
                return self._http.send(request, stream=True)
            except httpx.HTTPError as error:
                trouble = error
        raise PassingError(f"output host: {trouble!r}") from trouble

    def _addresses(self, url: httpx.URL, private: bool) -> list[Address]:
        """The addresses to call for a URL, each of them checked; JobFailed where there is none."""
        if url.scheme != "https" and not (private and url.scheme == "http"):
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL is not https: {url.scheme}")
        if not url.host:
            raise JobFailed(Failure.BAD_OUTPUT, "output URL names no host")
        addresses = [address for address in _resolve(url.host) if private or address.is_global]
        if not addresses:
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL points inside: {url.host}")
        return addresses[:_MAX_ADDRESSES]


def _resolve(host: str) -> list[Address]:
    """All addresses of a host in the resolver's order, IPv4 and IPv6 in turn: one may lead nowhere."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PassingError(f"output host {host!r} cannot be resolved") from error
    addresses = dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found)
    of_first = [address for address in addresses if address.version == next(iter(addresses)).version]
    others = [address for address in addresses if address.version != next(iter(addresses)).version]
    return [address for pair in zip_longest(of_first, others) for address in pair if address is not None]


def _chunks(response: httpx.Response, longest_s: float) -> Iterator[bytes]:
    end = time.monotonic() + longest_s
    empty = True
    try:
        # As they come: a size asked for here would hold a dribble back until it is reached.
        for piece in response.iter_bytes():
            if time.monotonic() > end:
                raise PassingError(f"output took longer than {longest_s:g} s")
            empty = empty and not piece
            yield piece
    except httpx.HTTPError as error:
        raise PassingError(f"output cut short: {error!r}") from error
    if empty:
        raise OutputMissing("output host: an empty file")


def _inline(url: str) -> bytes:
    header, separator, payload = url.partition(",")
    try:
        if not separator:
            raise ValueError("no comma")
        raw = unquote_to_bytes(payload)
        if not re.search(r";\s*base64\s*$", header, re.IGNORECASE):
            return raw
        # Encoders that were written for mail break the lines.
        return base64.b64decode(raw.translate(None, _WHITE), validate=True)
    except (ValueError, binascii.Error) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"malformed data: URL ({error})") from error
