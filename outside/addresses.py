"""Which addresses belong to the public internet. Pure."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_UNICAST = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64: where a network has IPv6 alone, its resolver gives every host such an address."""
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_LOCAL_TRANSLATION = b"\x00\x00\x5e\xfe"
"""How the host's half of an ISATAP address begins, before the IPv4 address in it."""
_NOT_PUBLIC: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocols' own
        "192.88.99.0/24",  # relays to 6to4
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved
        "2001::/23",  # protocols' own, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # likewise
    )
)


def is_public(address: Address) -> bool:
    """Return whether an address is one host's on the internet, and so are all addresses that it embeds.

    What Python's `is_global` says depends on its version, and lets multicast and translated addresses pass.
    """
    if address.version == 6 and (address in _TRANSLATED or address in _MAPPED):
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.version == 6 and address not in _UNICAST:
        return False
    # Newer versions of Python call no 6to4 address global; what counts is the address inside.
    known = address.is_global or (address.version == 6 and address.sixtofour is not None)
    named = any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    return known and not named and all(map(is_public, _embedded(address)))


def is_local(url: str) -> bool:
    """Return whether a base URL names this machine or a private network by its address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _embedded(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses to which a router on the way may send what is meant for this IPv6 address."""
    if address.version == 4:
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    host = address.packed[8:]
    if host[0] & 0b11111101 == 0 and host[1:4] == _LOCAL_TRANSLATION[1:]:
        yield ipaddress.IPv4Address(host[4:])
