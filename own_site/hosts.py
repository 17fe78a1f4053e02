"""Hosts as written in URLs, settings and requests. Pure."""

import ipaddress


def is_here(host: str) -> bool:
    """Return whether a name or an address always leads to this machine (loopback)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
