"""The sites that may send requests to Flower and the exporter."""

from config.settings import Settings
from own_site.hosts import is_here
from own_site.sites import ANY, Page, named


def page(settings: Settings, address: str, json: tuple[str, ...] = ()) -> Page:
    """Return the rules for requests to a server of ours that listens on an address.

    On this machine's own address, requests are accepted under this machine's names and those in PAGE_HOSTS.
    On any other address the network may give the server any name, so only foreign sites are refused.
    """
    hosts = named(settings.page_hosts.split(",")) if is_here(address) else frozenset({ANY})
    return Page(hosts, entrances=None, json=json)
