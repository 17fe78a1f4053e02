"""How updates reach a bot by webhook: secret, order, retries, and the way back to polling."""

import json
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from patience import LONG_S, eventually
from telegram_stand_tools import Api

from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

Json = dict[str, Any]


class Receiver:
    """A webhook: keeps what it gets, answers what it is told to (200 by default)."""

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[Json, str | None]] = queue.Queue()
        self.answers: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self.hangs_up = False
        self.connections: set[int] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.connections.add(self.client_address[1])
                update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, body = receiver.answers.get_nowait()
                except queue.Empty:
                    status, body = 200, b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                # Without a word in the headers, as a server does that closes its idle connections.
                self.close_connection = receiver.hangs_up
                receiver.got.put((update, self.headers.get("X-Telegram-Bot-Api-Secret-Token")))

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def next(self, timeout: float = 5) -> tuple[Json, str | None]:
        """The next update and the secret that came with it."""
        return self.got.get(timeout=timeout)


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    """A webhook receiver; the bot's webhook is gone after the test."""
    running = Receiver()
    yield running
    api.ok("deleteWebhook", drop_pending_updates=True)
    running.server.shutdown()
    running.thread.join()
    running.server.server_close()


def test_a_webhook_gets_updates_with_its_secret(
    api: Api, stand: TelegramStand, receiver: Receiver, ann: int
) -> None:
    """Pending updates come first; getUpdates conflicts; deleteWebhook brings polling back."""
    stand.send(ann, "before")
    api.ok("setWebhook", url=receiver.url, secret_token="s3cret-1", max_connections=3)
    stand.send(ann, "after")
    got = [receiver.next() for _ in range(2)]
    assert [(update["message"]["text"], secret) for update, secret in got] == [
        ("before", "s3cret-1"),
        ("after", "s3cret-1"),
    ]
    body = api.call("getUpdates")
    assert (body["error_code"], body["description"]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first",
    )
    info = api.ok("getWebhookInfo")
    assert (info["url"], info["max_connections"]) == (receiver.url, 3)
    api.ok("deleteWebhook")
    stand.send(ann, "polled")
    assert [update["message"]["text"] for update in api.ok("getUpdates")] == ["polled"]


def test_an_update_that_fails_is_sent_again_and_holds_up_its_chat_only(
    api: Api, stand: TelegramStand, receiver: Receiver, ann: int
) -> None:
    """After a 500 the same update comes again a second later; another chat's update doesn't wait for it."""
    bob = stand.new_user("Bob")
    api.ok("setWebhook", url=receiver.url)
    receiver.answers.put((500, b""))
    stand.send(ann, "one")
    first, _ = receiver.next()
    stand.send(ann, "two")
    stand.send(bob, "meanwhile")
    order = [receiver.next()[0]["message"]["text"] for _ in range(3)]
    assert order == ["meanwhile", "one", "two"]
    assert first["message"]["text"] == "one"
    error = api.ok("getWebhookInfo")["last_error_message"]
    assert error == "Wrong response from the webhook: 500 Internal Server Error"


def test_connections_are_kept_and_replaced_when_the_receiver_closed_them(
    api: Api, stand: TelegramStand, receiver: Receiver, ann: int
) -> None:
    """One connection serves many updates; one that was closed meanwhile costs neither an update nor a
    retry's wait.
    """
    api.ok("setWebhook", url=receiver.url, max_connections=1)
    for text in ("1", "2", "3"):
        stand.send(ann, text)
        assert receiver.next()[0]["message"]["text"] == text
    assert len(receiver.connections) == 1
    receiver.hangs_up = True
    for text in ("4", "5", "6"):
        stand.send(ann, text)
        assert receiver.next()[0]["message"]["text"] == text
    assert len(receiver.connections) == 3
    assert "last_error_message" not in api.ok("getWebhookInfo")


def test_a_call_in_the_webhooks_answer_is_carried_out(
    api: Api, stand: TelegramStand, receiver: Receiver, ann: int
) -> None:
    """The answer {"method": "sendMessage", ...} sends the message."""
    answer = {"method": "sendMessage", "chat_id": ann, "text": "by answer"}
    receiver.answers.put((200, json.dumps(answer).encode()))
    api.ok("setWebhook", url=receiver.url)
    stand.send(ann, "hi")
    assert stand.wait_message(ann, lambda message: message["text"] == "by answer", 5)


def test_undelivered_updates_go_back_to_polling(api: Api, stand: TelegramStand, ann: int) -> None:
    """With nobody at the webhook, the updates wait, and drop_pending_updates drops them."""
    api.ok("setWebhook", url="http://127.0.0.1:9/nobody")
    stand.send(ann, "kept")
    eventually(lambda: "last_error_message" in api.ok("getWebhookInfo"))
    assert api.ok("getWebhookInfo")["pending_update_count"] == 1
    api.ok("deleteWebhook")
    assert [update["message"]["text"] for update in api.ok("getUpdates")] == ["kept"]
    api.ok("deleteWebhook", drop_pending_updates=True)
    assert api.ok("getUpdates") == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"url": "ftp://127.0.0.1/x"}, "invalid webhook URL specified"),
        ({"url": "https://example.org/x"}, "bad webhook: Failed to resolve host: Name or service not known"),
        (
            {"url": "http://127.0.0.1/x", "secret_token": "no spaces"},
            "secret token contains unallowed characters",
        ),
        ({"url": "http://127.0.0.1/x", "secret_token": "x" * 257}, "secret token is too long"),
    ],
)
def test_a_wrong_webhook_is_refused(api: Api, parameters: Json, words: str) -> None:
    """In Telegram's words; polling goes on."""
    assert api.refused("setWebhook", **parameters) == f"Bad Request: {words}"
    assert api.ok("getUpdates") == []


def test_setting_a_webhook_ends_a_waiting_poll(api: Api, stand: TelegramStand, receiver: Receiver) -> None:
    """The poller gets 409."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.call, "getUpdates", timeout=20)
        eventually(lambda: stand.state()["polls_waiting"] == 1)
        Api(api.url, api.token).ok("setWebhook", url=receiver.url)
        assert waiting.result(LONG_S)["description"] == "Conflict: terminated by setWebhook request"
