"""Which requests a page of this machine answers, told by the headers that browsers and programs send."""

import pytest

from config.settings import Settings
from monitoring.sites import page as page_of
from own_site.sites import ANY, Page, named, refusal

PAGE = Page(json=("/control",))
HOST = ("Host", "127.0.0.1:8080")
JSON = ("Content-Type", "application/json; charset=utf-8")
BODY = ("Content-Length", "2")


def status(method: str, path: str, *headers: tuple[str, str], page: Page = PAGE) -> int:
    """200 for what is done, else the status of the refusal."""
    refused = refusal(method, path, headers, page)
    return refused.status if refused else 200


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.0.0.1", "LocalHost:1", "[::1]:8080", "127.0.0.2:80"])
def test_names_of_this_machine_are_its_own(host: str) -> None:
    assert status("GET", "/control/chats", ("Host", host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8080",
        "localhost@evil.example",
        "127.0.0.1:8080@evil.example",
        "evil.example#@127.0.0.1",
        "10.0.0.5:8080",
        "0.0.0.0:8080",
        "[::ffff:10.0.0.5]:8080",
        "[::1",
        "",
        "*",
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    """Given a name of somebody else's that leads to this machine, I expect no answer under it."""
    assert status("GET", "/control/chats", ("Host", host)) == 421


def test_a_request_without_a_name_or_with_two_is_refused() -> None:
    assert status("GET", "/") == 421
    assert status("GET", "/", HOST, ("host", "evil.example")) == 421


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "http://evil.example")],
        [("Origin", "null")],
        [("Origin", "http://127.0.0.1:3000")],
        [("Origin", "http://127.0.0.1")],
        [("Origin", "http://127.0.0.1:8080.evil.example")],
        [("Origin", "file://")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
        [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "same-origin")],
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_sites_are_refused(method: str, headers: list[tuple[str, str]]) -> None:
    """Given a page of another site, or of another program of this machine, open in the same browser, I expect
    nothing that it asks to be done."""
    assert status(method, "/control/faults", HOST, JSON, *headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Origin", "http://127.0.0.1:8080")],
        [("Origin", "http://127.0.0.1:8080"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")],
    ],
)
def test_the_page_itself_and_programs_are_answered(headers: list[tuple[str, str]]) -> None:
    assert status("POST", "/control/messages", HOST, JSON, BODY, *headers) == 200


def test_a_link_may_lead_to_the_page_and_to_nothing_behind_it() -> None:
    """Given a link on another site, I expect it to open the page, and to do nothing that a call does."""
    link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    assert status("GET", "/", HOST, *link) == 200
    assert status("GET", "/bot1:t/setWebhook", HOST, *link) == 403
    assert status("POST", "/", HOST, *link) == 403
    assert status("GET", "/tasks", HOST, *link, page=Page(entrances=None)) == 200


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([BODY, JSON], 200),
        ([], 200),
        ([("Content-Length", "0")], 200),
        ([BODY], 415),
        ([("Transfer-Encoding", "chunked")], 415),
        ([BODY, ("Content-Type", "text/plain")], 415),
        ([BODY, ("Content-Type", "text/plain; application/json")], 415),
        ([BODY, ("Content-Type", "application/x-www-form-urlencoded")], 415),
        ([BODY, ("Content-Type", "multipart/form-data; boundary=b")], 415),
        ([BODY, JSON, ("Content-Type", "text/plain")], 415),
    ],
)
def test_what_takes_json_takes_nothing_else(headers: list[tuple[str, str]], found: int) -> None:
    """Given a body that a form of another site could send, I expect it to be refused by its type."""
    assert status("POST", "/control/messages", HOST, *headers) == found


def test_a_page_is_published_under_the_names_that_are_allowed() -> None:
    page = Page(named(["Demo.Example", " chat.example:443 ", ""], "192.168.1.5"))
    for host in ("demo.example", "demo.example:8443", "chat.example", "192.168.1.5:8080", "localhost:8080"):
        assert status("GET", "/", ("Host", host), page=page) == 200
    assert status("GET", "/", ("Host", "other.example"), page=page) == 421
    same = ("Sec-Fetch-Site", "same-origin")
    published = [("Host", "demo.example"), ("Origin", "https://demo.example:8443")]
    assert status("POST", "/", *published, same, page=page) == 200
    assert status("POST", "/", *published, page=page) == 403
    assert status("POST", "/", ("Host", "demo.example"), ("Origin", "http://evil.example"), page=page) == 403


def test_who_listens_everywhere_is_asked_under_any_address() -> None:
    """Given a server on all addresses, I expect it to answer under each, and under no name but those allowed:
    a foreign name can lead to it, a foreign address cannot."""
    everywhere = Page(named([], "0.0.0.0"))
    assert status("GET", "/", ("Host", "192.168.1.5:8080"), page=everywhere) == 200
    assert status("GET", "/", ("Host", "evil.example:8080"), page=everywhere) == 421
    assert status("GET", "/", ("Host", "exporter:9090"), page=Page(frozenset({ANY}))) == 200


def test_page_hosts_are_names_of_what_listens_on_this_machine() -> None:
    """Given PAGE_HOSTS, I expect Flower to answer under these names too; and in a network of its own, where
    it listens on all addresses, under any, but no foreign site there either."""
    here = page_of(Settings(page_hosts="flower.example, "), "127.0.0.1")
    assert status("GET", "/workers", ("Host", "flower.example"), page=here) == 200
    assert status("GET", "/workers", ("Host", "evil.example"), page=here) == 421
    container = page_of(Settings(), "0.0.0.0")
    assert status("GET", "/workers", ("Host", "flower:5555"), page=container) == 200
    foreign = ("Origin", "https://evil.example")
    assert status("POST", "/api", ("Host", "bot.example"), foreign, page=container) == 403
