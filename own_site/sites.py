"""Which sites may ask a page of ours: its own, and no other that somebody has open in the same browser.

A browser sends requests of foreign sites too, and a foreign name may lead to 127.0.0.1. It tells by headers
whose request it is; programs send none of them. So a program need only use a name that the server has. Pure;
`own_site.middleware` has the servers ask.
"""

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from own_site.hosts import is_here

ANY = "*"
"""As a host of `Page`: whatever name it was asked under."""
_ALL = frozenset({"0.0.0.0", "::"})
"""Who listens on all addresses is asked under any of them: no foreign name leads to a page by its address."""
_SAFE = ("GET", "HEAD")
_OF_ITS_OWN = ("same-origin", "none")
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Page:
    """What may be asked of a server.

    `hosts`: names and addresses that lead to it beside those of this machine itself. `entrances`: paths
    to which a link of another site may lead; None: to any. `json`: paths that begin with one of these take no
    body but JSON, which a foreign site cannot send unasked.
    """

    hosts: frozenset[str] = frozenset()
    entrances: Collection[str] | None = ("/",)
    json: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRefusal:
    """The answer to a request that is not done."""

    status: int
    reason: str


def named(hosts: Iterable[str], bound: str = "") -> frozenset[str]:
    """Return the hosts that a server may be asked under, beside this machine's own.

    Args:
        hosts: Names that somebody has allowed, with or without a port, which does not count.
        bound: The address that it listens on; another one than this machine's own is meant to be used.
    """
    every = {_name(host) for host in hosts if host.strip()}
    return frozenset(every | ({_name(f"[{bound}]" if ":" in bound else bound)} if bound else set()))


def refusal(method: str, path: str, headers: Iterable[tuple[str, str]], page: Page) -> SiteRefusal | None:
    """Return why a request is not done, None where it is.

    Args:
        method: GET and so on.
        path: The path of its address.
        headers: All of them; names in any case.
        page: What may be asked of the server.
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
    """The name in `name:port`, as it is compared; "" for what is no host."""
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
    """Whether a program asks, or a page that came from this server."""
    sites = headers.get("sec-fetch-site", [])
    if any(site not in _OF_ITS_OWN for site in sites):
        return False
    if sites and not is_here(_name(host)):
        # The browser says it. A proxy in front may have changed the name or the port that the page has.
        return True
    return all(_is_same(origin, host) for origin in headers.get("origin", ()))


def _is_same(origin: str, host: str) -> bool:
    """Whether an origin is this host, at its port."""
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
    """Whether somebody has followed a link of another site to a page that may be linked to."""
    return (
        method in _SAFE
        and (page.entrances is None or path in page.entrances)
        and headers.get("sec-fetch-mode") == ["navigate"]
        and headers.get("sec-fetch-dest", ["document"]) == ["document"]
    )


def _is_json(headers: dict[str, list[str]]) -> bool:
    """Whether the body is JSON by its type; a request without a body needs none."""
    kinds = headers.get("content-type", [])
    if not kinds:
        return "transfer-encoding" not in headers and headers.get("content-length", ["0"]) == ["0"]
    return len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() == _JSON
