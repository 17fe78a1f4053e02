"""Connections that wait for a request: bounded for each address and in all. Pure."""

import ipaddress
from typing import Generic, TypeVar

Guest = TypeVar("Guest")
_ONE_NETWORK = 64
"""Bits of an IPv6 address that are one subscriber's: the others they may choose as they like."""


class PendingConnections(Generic[Guest]):
    """Those who have not brought a whole request, the longest there first.

    There is always room for one more: the one who has waited for the longest must go for it. A client that
    means it sends its request at once and waits for an instant, so that it is the silent ones that go. This
    also holds where all come from one address, as behind a proxy. How soon they go is the caller's business.
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
        """Begin to wait; return who must go for it, if anybody. Who waits already keeps the old place."""
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
        """The request is there, or the connection has ended."""
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
    """The address by which connections are counted: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _ONE_NETWORK), strict=False))
