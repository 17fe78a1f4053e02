"""Which sites may ask Flower and the exporter: pages of this machine, or of the network they listen on."""

from typing import Any

from flower.app import Flower
from tornado.httputil import HTTPServerRequest
from tornado.web import ErrorHandler

from config.hosts import is_here
from config.settings import Settings
from serving.sites import ANY, Page, named, refusal


def page(settings: Settings, address: str, json: tuple[str, ...] = ()) -> Page:
    """Return what may be asked of a server of ours that listens on an address.

    On this machine's own address it has no other names than those in PAGE_HOSTS. On another one it has
    whatever name the network gives it: then only requests of foreign sites are refused.
    """
    hosts = named(settings.page_hosts.split(",")) if is_here(address) else frozenset({ANY})
    return Page(hosts, entrances=None, json=json)


def guard_flower(settings: Settings) -> None:
    """Have Flower refuse foreign names and foreign sites, whichever of its pages they ask for."""
    rules = page(settings, settings.flower_address)
    before = Flower.find_handler

    def find(server: Flower, request: HTTPServerRequest, **more: Any) -> Any:
        refused = refusal(request.method or "", request.path, request.headers.get_all(), rules)
        if refused is None:
            return before(server, request, **more)
        status = {"status_code": refused.status}
        return server.get_handler_delegate(request, ErrorHandler, status)

    Flower.find_handler = find
