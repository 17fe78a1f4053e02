"""A page of another site, open in the same Chromium as the chat page, can do nothing to it."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from stand.telegram.client import TelegramStand

pytestmark = [pytest.mark.long, pytest.mark.page]
TRIES = """async ([target, user]) => {
  const type = "application/json";
  const said = JSON.stringify({user, chat: user, text: "/image a forged wish"});
  const tries = [
    fetch(`${target}/control/messages`, {method: "POST", mode: "no-cors", body: said}),
    fetch(`${target}/control/messages`, {method: "POST", headers: {"content-type": type}, body: said}),
    fetch(`${target}/control/users`).then((answer) => answer.text()),
  ];
  return (await Promise.allSettled(tries)).map((each) => String(each.value ?? each.reason));
}"""


@pytest.fixture
def foreign() -> Iterator[int]:
    """The port of a site that has nothing but an empty page."""

    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html></html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)


def test_neither_another_site_nor_a_name_that_leads_here(
    stand: TelegramStand, browser: Browser, foreign: int
) -> None:
    """Given somebody with the chat page on their machine, when a foreign site writes as them and reads their
    chats, and comes back under its own name that now leads to 127.0.0.1, I expect no message and no chat."""
    ann = stand.new_user("Annabel Of The Page")
    renamed = f"http://evil.example:{urlsplit(stand.base_url).port}"
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        for address in (f"http://evil.example:{foreign}/", f"http://127.0.0.1:{foreign}/"):
            page.goto(address)
            for target in (stand.base_url, renamed):
                assert "Annabel" not in "".join(page.evaluate(TRIES, [target, ann]))
        answer = page.goto(f"{renamed}/")
        assert answer is not None
        assert answer.status == 421
        assert "Annabel" not in "".join(page.evaluate(TRIES, [renamed, ann]))
        page.goto(stand.base_url)
        assert "Annabel" in "".join(page.evaluate("() => fetch('/control/users').then((got) => got.text())"))
    assert stand.messages(ann) == []
