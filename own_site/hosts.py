"""Hosts as they stand in URLs, settings and requests. Pure."""

import ipaddress


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's alone: it leads to no other one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
