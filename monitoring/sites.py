"""Which sites may ask Flower and the exporter: pages of this machine, or of the network they listen on."""

from config.settings import Settings
from own_site.hosts import is_here
from own_site.sites import ANY, Page, named


def page(settings: Settings, address: str, json: tuple[str, ...] = ()) -> Page:
    """Return what may be asked of a server of ours that listens on an address.

    On this machine's own address it has no other names than those in PAGE_HOSTS. On another one it has
    whatever name the network gives it: then only requests of foreign sites are refused.
    """
    hosts = named(settings.page_hosts.split(",")) if is_here(address) else frozenset({ANY})
    return Page(hosts, entrances=None, json=json)
