"""How updates reach a bot: long polling, webhooks, privacy in groups, replays."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from telegram_stand_tools import Api, wait_until

from sandbox.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

Json = dict[str, Any]


class Receiver:
    """A webhook: keeps what it gets, answers what it is told to (200 by default)."""

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[Json, str | None]] = queue.Queue()
        self.answers: queue.Queue[tuple[int, bytes]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, body = receiver.answers.get_nowait()
                except queue.Empty:
                    status, body = 200, b""
                receiver.got.put((update, self.headers.get("X-Telegram-Bot-Api-Secret-Token")))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

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


def test_updates_stay_until_confirmed(api: Api, stand: TelegramStand, ann: int) -> None:
    """The same updates come again until an offset confirms them; ids increase by one."""
    for text in ("one", "two", "three"):
        stand.send(ann, text)
    first = api.ok("getUpdates")
    assert [update["message"]["text"] for update in first] == ["one", "two", "three"]
    ids = [update["update_id"] for update in first]
    assert ids == list(range(ids[0], ids[0] + 3))
    assert api.ok("getUpdates", limit=1) == first[:1]
    assert api.ok("getUpdates", offset=ids[1]) == first[1:]
    assert api.ok("getUpdates", offset=-1) == first[2:]
    assert api.ok("getUpdates", offset=ids[2] + 1) == []
    assert api.ok("getUpdates") == []


def test_a_long_poll_ends_with_the_first_update(api: Api, stand: TelegramStand, ann: int) -> None:
    """A waiting getUpdates returns as soon as the user writes; without anything, empty after its timeout."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.ok, "getUpdates", timeout=20)
        wait_until(lambda: stand.state()["polls_waiting"] == 1)
        stand.send(ann, "now")
        [update] = waiting.result(timeout=5)
    assert update["message"]["text"] == "now"
    assert api.ok("getUpdates", offset=update["update_id"] + 1, timeout=1) == []


def test_a_poll_whose_client_died_loses_nothing(api: Api, stand: TelegramStand, ann: int) -> None:
    """The dead client's place is free at once, and its update goes to the next one."""

    async def die() -> None:
        host, port = api.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /bot{api.token}/getUpdates?timeout=30 HTTP/1.1\r\nHost: {host}\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        await asyncio.to_thread(wait_until, lambda: stand.state()["polls_waiting"] == 1)
        writer.close()
        await asyncio.to_thread(wait_until, lambda: stand.state()["polls_waiting"] == 0)

    asyncio.run(die())
    stand.send(ann, "still there")
    assert [update["message"]["text"] for update in api.ok("getUpdates")] == ["still there"]


def test_only_allowed_kinds_are_queued(api: Api, stand: TelegramStand, ann: int) -> None:
    """allowed_updates holds for the following updates until it is changed."""
    api.ok("getUpdates", allowed_updates=["edited_message"])
    message_id = stand.send(ann, "first")["message_id"]
    stand.edit(ann, message_id, "second")
    [update] = api.ok("getUpdates")
    assert update["edited_message"]["text"] == "second"
    assert api.ok("getWebhookInfo")["allowed_updates"] == ["edited_message"]


def test_users_edits_stickers_photos_replies_and_blocks_reach_the_bot(
    api: Api, stand: TelegramStand, ann: int
) -> None:
    """Each kind of what a user does is an update of the spec's form."""
    command = stand.send(ann, "/image a fox https://example.org #red")
    stand.edit(ann, command["message_id"], "/image two foxes")
    stand.sticker(ann)
    stand.photo(ann)
    stand.send(ann, "this one", reply_to=command["message_id"])
    stand.block(ann)
    stand.block(ann, blocked=False)
    updates = api.ok("getUpdates")
    kinds = [next(name for name in update if name != "update_id") for update in updates]
    assert kinds == ["edited_message" if i == 1 else "message" for i in range(5)] + ["my_chat_member"] * 2
    assert [entity["type"] for entity in updates[0]["message"]["entities"]] == [
        "bot_command",
        "url",
        "hashtag",
    ]
    assert updates[1]["edited_message"]["text"] == "/image two foxes"
    photo = updates[3]["message"]["photo"][-1]
    assert api.ok("getFile", file_id=photo["file_id"])["file_size"] == photo["file_size"]
    assert updates[4]["message"]["reply_to_message"]["text"] == "/image two foxes"
    statuses = [update["my_chat_member"]["new_chat_member"]["status"] for update in updates[5:]]
    assert statuses == ["kicked", "member"]


def test_in_a_group_the_bot_sees_commands_and_replies_to_it(
    api: Api, other: Api, stand: TelegramStand, ann: int
) -> None:
    """Privacy mode: small talk and other bots' commands stay unseen."""
    me = api.ok("getMe")["username"]
    not_me = other.ok("getMe")["username"]
    group = stand.new_group("Friends", [ann, stand.new_user("Bob")])
    said = api.ok("sendMessage", chat_id=group, text="hello")
    stand.send(ann, "what a day", chat=group)
    stand.send(ann, "/help", chat=group)
    stand.send(ann, f"/help@{me}", chat=group)
    stand.send(ann, f"/help@{not_me}", chat=group)
    stand.send(ann, "brighter please", chat=group, reply_to=said["message_id"])
    seen = [update["message"]["text"] for update in api.ok("getUpdates")]
    assert seen == ["/help", f"/help@{me}", "brighter please"]
    assert [update["message"]["text"] for update in other.ok("getUpdates")] == ["/help", f"/help@{not_me}"]


def test_a_replay_delivers_the_same_update_again(api: Api, stand: TelegramStand, ann: int) -> None:
    """The replayed update has its old id, although a later one was confirmed."""
    stand.send(ann, "once")
    [update] = api.ok("getUpdates")
    assert api.ok("getUpdates", offset=update["update_id"] + 1) == []
    stand.replay(update["update_id"])
    assert api.ok("getUpdates", offset=update["update_id"] + 1) == [update]
    assert api.ok("getUpdates", offset=update["update_id"] + 1) == []


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
    wait_until(lambda: "last_error_message" in api.ok("getWebhookInfo"))
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
        wait_until(lambda: stand.state()["polls_waiting"] == 1)
        Api(api.url, api.token).ok("setWebhook", url=receiver.url)
        assert waiting.result(timeout=5)["description"] == "Conflict: terminated by setWebhook request"


def test_updates_before_the_bots_first_call_wait_for_it(fresh_url: str) -> None:
    """Given a user who wrote before the bot was started, the bot gets the message."""
    with TelegramStand(fresh_url) as stand:
        stand.send(stand.new_user(), "early bird")
        updates = Api(fresh_url, "710000:" + "C" * 35).ok("getUpdates")
    assert [update["message"]["text"] for update in updates] == ["early bird"]
