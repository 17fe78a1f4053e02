"""Which addresses belong to the public internet. Pure."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64: in a network with only IPv6, the resolver gives every IPv4 host such an address."""
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LOCAL_TRANSLATION = b"\x00\x00\x5e\xfe"
"""The beginning of the host half of an ISATAP address. An IPv4 address follows."""
_NOT_PUBLIC: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # for protocols
        "192.88.99.0/24",  # relays to 6to4
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved
        "2001::/23",  # for protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # likewise
    )
)


def is_public(address: Address) -> bool:
    """Return whether an address is a single host's on the internet, and all addresses embedded in it are too.

    Python's `is_global` is not enough: it differs between versions of Python, and accepts multicast and
    translated addresses.
    """
    if address.version == 6 and (address in _TRANSLATED or address in _MAPPED):
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.version == 6 and address not in _UNICAST:
        return False
    # Newer versions of Python never call a 6to4 address global. The embedded address decides.
    known = address.is_global or (address.version == 6 and address.sixtofour is not None)
    named = any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    return known and not named and all(map(is_public, _embedded(address)))


def is_local(url: str) -> bool:
    """Return whether the host of a base URL is localhost or a private address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _embedded(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that a router may forward packets for this IPv6 address to."""
    if address.version == 4:
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    host = address.packed[8:]
    if host[0] & 0b11111101 == 0 and host[1:4] == _LOCAL_TRANSLATION[1:]:
        yield ipaddress.IPv4Address(host[4:])
