"""The check that a request comes from a server's own site or a program, not from another site. Pure.

A browser also sends requests on behalf of other sites that are open in it, and a foreign host name may
resolve to 127.0.0.1. Browsers say in headers which site a request comes from; programs send no such headers.
So a program need only use one of the server's host names. `own_site.middleware` applies the check in servers.
"""

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from own_site.hosts import is_here

ANY = "*"
"""As a host of `Page`: any host name is allowed."""
_ALL = frozenset({"0.0.0.0", "::"})
"""Hosts of a server that listens on all addresses.

Any address is then allowed as its host: a request that names an address was not led here by a foreign name.
"""
_SAFE = ("GET", "HEAD")
_OF_ITS_OWN = ("same-origin", "none")
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Page:
    """The requests that a server allows.

    Attributes:
        hosts: Names and addresses of the server, in addition to those of this machine itself.
        entrances: Paths that other sites may link to; None for all.
        json: Prefixes of paths that take only JSON bodies, which another site cannot send without asking.
    """

    hosts: frozenset[str] = frozenset()
    entrances: Collection[str] | None = ("/",)
    json: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRefusal:
    """The response to a request that is not allowed."""

    status: int
    reason: str


def named(hosts: Iterable[str], bound: str = "") -> frozenset[str]:
    """Return the host names and addresses that a server allows, in addition to this machine's own.

    Args:
        hosts: Allowed names; a port in a name is ignored.
        bound: The address that the server listens on, which is allowed too.
    """
    every = {_name(host) for host in hosts if host.strip()}
    return frozenset(every | ({_name(f"[{bound}]" if ":" in bound else bound)} if bound else set()))


def refusal(method: str, path: str, headers: Iterable[tuple[str, str]], page: Page) -> SiteRefusal | None:
    """Return why a request is not allowed; None for one that is.

    Args:
        method: The HTTP method.
        path: The path of the request's URL.
        headers: All headers; their names are case-insensitive.
        page: The requests that the server allows.
    """
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value.strip())
    host = found.get("host", [])
    if len(host) != 1 or not _is_known(host[0], page.hosts):
        return SiteRefusal(421, "This server has another name. Who publishes it must allow the name.")
    if not (_is_from_here(found, host[0]) or _is_link(method, path, found, page)):
        return SiteRefusal(403, "Another site may not ask this server.")
    if path.startswith(page.json) and not _is_json(found):
        return SiteRefusal(415, "The body must be application/json.")
    return None


def _is_known(host: str, hosts: Collection[str]) -> bool:
    name = _name(host)
    if not name:
        return False
    return (
        ANY in hosts or is_here(name) or name in hosts or (_is_address(name) and not _ALL.isdisjoint(hosts))
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Return the name in `name:port`, normalized for comparison; "" for text that is no host."""
    if host.strip() == ANY:
        return ANY
    try:
        parts = urlsplit(f"//{host.strip()}")
        if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            return ""
        return (parts.hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_from_here(headers: dict[str, list[str]], host: str) -> bool:
    """Return whether the request comes from a program, or from a page of this server."""
    sites = headers.get("sec-fetch-site", [])
    if any(site not in _OF_ITS_OWN for site in sites):
        return False
    if sites and not is_here(_name(host)):
        # The browser's word counts: a proxy in front may have changed the page's name or port.
        return True
    return all(_is_same(origin, host) for origin in headers.get("origin", ()))


def _is_same(origin: str, host: str) -> bool:
    """Return whether an origin is this host, at the same port."""
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host}")
        usual = {"http": 80, "https": 443}.get(theirs.scheme)
        return (
            usual is not None
            and theirs.hostname == ours.hostname
            and (theirs.port or usual) == (ours.port or usual)
        )
    except ValueError:
        return False


def _is_link(method: str, path: str, headers: dict[str, list[str]], page: Page) -> bool:
    """Return whether a person has followed another site's link to a page that other sites may link to."""
    return (
        method in _SAFE
        and (page.entrances is None or path in page.entrances)
        and headers.get("sec-fetch-mode") == ["navigate"]
        and headers.get("sec-fetch-dest", ["document"]) == ["document"]
    )


def _is_json(headers: dict[str, list[str]]) -> bool:
    """Return whether the content type is JSON; a request without a body needs no type."""
    kinds = headers.get("content-type", [])
    if not kinds:
        return "transfer-encoding" not in headers and headers.get("content-length", ["0"]) == ["0"]
    return len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() == _JSON
