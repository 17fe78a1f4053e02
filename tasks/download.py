"""Fetching what a provider made: bounded, streamed, never from an address inside our own network."""

import base64
import binascii
import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import unquote_to_bytes

import httpx

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure

_MAX_HOPS = 3


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
        PassingError for what may. A body that ends early raises PassingError from the chunks.
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
            request = self._pinned(httpx.URL(url), private)
            try:
                response = self._http.send(request, stream=True)
            except httpx.HTTPError as error:
                raise PassingError(f"output host: {error!r}") from error
            if not response.has_redirect_location:
                break
            response.close()
            url = str(httpx.URL(url).join(response.headers["location"]))
        else:
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL redirects more than {_MAX_HOPS} times")
        if response.status_code != 200:
            response.close()
            passing = response.status_code == 429 or response.status_code >= 500
            answer = f"output host: HTTP {response.status_code}"
            raise PassingError(answer) if passing else JobFailed(Failure.BAD_OUTPUT, answer)
        return response

    def _pinned(self, url: httpx.URL, private: bool) -> httpx.Request:
        """A request to the very address that was checked: a second look-up could answer another one."""
        if url.scheme != "https" and not (private and url.scheme == "http"):
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL is not https: {url.scheme}")
        if not url.host:
            raise JobFailed(Failure.BAD_OUTPUT, "output URL names no host")
        address = _resolve(url.host)
        if not private and not address.is_global:
            raise JobFailed(Failure.BAD_OUTPUT, f"output URL points inside: {url.host}")
        return self._http.build_request(
            "GET",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.host},
        )


def _resolve(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PassingError(f"output host {host!r} cannot be resolved") from error
    return ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])


def _chunks(response: httpx.Response, longest_s: float) -> Iterator[bytes]:
    end = time.monotonic() + longest_s
    try:
        # As they come: a size asked for here would hold a dribble back until it is reached.
        for piece in response.iter_bytes():
            if time.monotonic() > end:
                raise PassingError(f"output took longer than {longest_s:g} s")
            yield piece
    except httpx.HTTPError as error:
        raise PassingError(f"output cut short: {error!r}") from error


def _inline(url: str) -> bytes:
    header, separator, payload = url.partition(",")
    try:
        if not separator:
            raise ValueError("no comma")
        raw = unquote_to_bytes(payload)
        return base64.b64decode(raw, validate=True) if header.endswith(";base64") else raw
    except (ValueError, binascii.Error) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"malformed data: URL ({error})") from error
