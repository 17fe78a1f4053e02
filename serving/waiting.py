"""Limits on the connections that have not sent a whole request, in all and for each address. Pure."""

import ipaddress
from typing import Generic, TypeVar

Guest = TypeVar("Guest")
_ONE_NETWORK = 64
"""Length in bits of the IPv6 prefix that identifies a subscriber, who can choose the other bits freely."""


class PendingConnections(Generic[Guest]):
    """The connections that have not sent a whole request, in the order in which they began to wait.

    A new connection always gets in: beyond a limit, the connection that has waited longest must leave. An
    honest client sends its request at once and waits only for an instant, so silent clients are the ones that
    leave. This also holds where all connections come from one address, as behind a proxy. The caller decides
    how soon the connection that must leave is closed.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._addresses: dict[Guest, str] = {}
        self._of: dict[str, dict[Guest, None]] = {}

    def __len__(self) -> int:
        return len(self._addresses)

    def __contains__(self, guest: Guest) -> bool:
        return guest in self._addresses

    def enter(self, guest: Guest, host: str) -> Guest | None:
        """Add a connection, and return the one that must leave for it, if any.

        A connection that waits already keeps its place.
        """
        if guest in self._addresses:
            return None
        address = one_of(host)
        mine = self._of.setdefault(address, {})
        mine[guest] = None
        self._addresses[guest] = address
        if len(mine) > self._most_of_one:
            return self._gone(next(iter(mine)))
        if len(self._addresses) > self._most:
            return self._gone(next(iter(self._addresses)))
        return None

    def leave(self, guest: Guest) -> None:
        """Remove a connection that has sent its request, or has ended."""
        if guest in self._addresses:
            self._gone(guest)

    def _gone(self, guest: Guest) -> Guest:
        address = self._addresses.pop(guest)
        mine = self._of[address]
        del mine[guest]
        if not mine:
            del self._of[address]
        return guest


def one_of(host: str) -> str:
    """Return the key by which connections are counted: an IPv4 address, or an IPv6 address's network."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _ONE_NETWORK), strict=False))
