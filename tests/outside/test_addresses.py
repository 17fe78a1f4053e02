"""Which addresses belong to the public internet, in all the ways to write one inside another."""

from ipaddress import ip_address

import pytest

from outside.addresses import is_public

INSIDE = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.9 192.168.1.1 198.18.0.1
    192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fec0::1 fd00::1 ff02::1 ff0e::1 100::1 2001:db8::1 3fff::1 4000::1
    ::127.0.0.1 ::93.184.216.34 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1
    64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::e000:1 64:ff9b:1::5db8:d822 64:ff9b:1:ffff::1
    2002:7f00:1::1 2002:a9fe:a9fe::1 2002:a00:1::1 2002:e000:1::1
    2001:0:a00:1::1 2001:0:5db8:d822:0:0:f5ff:fffe 2600::5efe:10.0.0.1 2600::200:5efe:127.0.0.1
"""
PUBLIC = """
    8.8.8.8 93.184.216.34 2606:4700::1111 2a00:1450::1 ::ffff:93.184.216.34 64:ff9b::5db8:d822
    2002:5db8:d822::1 2600::5efe:93.184.216.34
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_an_address_that_leads_inside_or_to_many_is_not_public(address: str) -> None:
    """Given private, reserved and multicast addresses, bare or inside others, I expect none to pass."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_address_of_one_host_on_the_internet_is_public(address: str) -> None:
    """Given such addresses, translated ones of a network that has IPv6 alone too, I expect them to pass."""
    assert is_public(ip_address(address))
