"""The control side: what tests, the page and the load runs use."""

import json
import threading
from typing import Any

import httpx
import pytest
from telegram_stand_tools import Api, mp4, png

from stand.telegram.client import StandError, TelegramStand

pytest_plugins = ["telegram_stand"]

KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Again", "callback_data": "again:7"}, {"text": "Site", "url": "https://x.org"}]
    ]
}


def test_users_and_groups_are_listed(stand: TelegramStand, ann: int) -> None:
    """A user's private chat has the user's id; a supergroup's id starts with -100."""
    bob = stand.new_user("Bob", language_code="ru", username="bob_b")
    group = stand.new_group("Friends", [ann, bob])
    assert str(group).startswith("-100")
    chats = {chat["id"]: chat for chat in stand.chats()}
    assert chats[bob] | {"members": [bob]} == chats[bob]
    assert (chats[group]["title"], chats[group]["members"]) == ("Friends", [ann, bob])
    assert next(user for user in stand.users() if user["id"] == bob)["language_code"] == "ru"
    with pytest.raises(StandError, match="is taken"):
        stand.new_user("Twin", user_id=bob)


def test_the_chat_shows_versions_media_and_deletions(api: Api, stand: TelegramStand, ann: int) -> None:
    """ChatMessages hold every version of a message, its media and whether it is gone."""
    sent = api.ok("sendMessage", chat_id=ann, text="drawing", reply_markup=KEYBOARD)
    media = {"type": "video", "media": "attach://clip", "caption": "done"}
    api.ok(
        "editMessageMedia",
        {"clip": ("c.mp4", mp4())},
        chat_id=ann,
        message_id=sent["message_id"],
        media=media,
    )
    [message] = stand.messages(ann)
    assert [(v.get("text"), v.get("caption"), v["media"], v["buttons"]) for v in message["edits"]] == [
        ("drawing", None, None, ["Again", "Site"]),
        (None, "done", "video", []),
    ]
    assert message["at"] == message["edits"][0]["at"] < message["edits"][1]["at"]
    assert message["media"] | {"kind": "video", "width": 64, "height": 48, "duration": 2} == message["media"]
    assert stand.file(message) == mp4()
    part = httpx.get(stand.base_url + message["media"]["url"], headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"ftyp", "video/mp4")
    stand.delete(ann, sent["message_id"])
    assert stand.messages(ann)[0]["deleted"] is True


def test_buttons_are_pressed_by_label_or_data(api: Api, stand: TelegramStand, ann: int) -> None:
    """The bot gets the data; a button that isn't there, or has no data, is a 404 that lists the buttons."""
    sent = api.ok("sendMessage", chat_id=ann, text="x", reply_markup=KEYBOARD)
    queries = [stand.press(ann, sent["message_id"], button) for button in ("Again", "again:7")]
    got = [update["callback_query"] for update in api.ok("getUpdates")]
    assert [(query["id"], query["data"], query["message"]["text"]) for query in got] == [
        (queries[0], "again:7", "x"),
        (queries[1], "again:7", "x"),
    ]
    for button in ("Never", "Site"):
        with pytest.raises(StandError, match="it has 'Again', 'Site'"):
            stand.press(ann, sent["message_id"], button)
    with pytest.raises(TimeoutError, match="not answered within"):
        stand.press_answer(queries[0], timeout=0.1)


def test_waiting_for_a_message_that_never_comes_shows_the_chat(stand: TelegramStand, ann: int) -> None:
    """The TimeoutError lists what is there instead."""
    stand.send(ann, "/image a fox")
    with pytest.raises(TimeoutError, match="/image a fox"):
        stand.wait_message(ann, lambda message: message["media"] is not None, timeout=0.1)


def test_events_tell_what_happened_in_order(api: Api, stand: TelegramStand, ann: int) -> None:
    """Message, action, edit, press answer, reaction, delete: each with the message as it was at that
    moment.
    """
    start = stand.events()["seq"]
    sent = api.ok("sendMessage", chat_id=ann, text="one", reply_markup=KEYBOARD)
    where = {"chat_id": ann, "message_id": sent["message_id"]}
    api.ok("sendChatAction", chat_id=ann, action="upload_photo")
    api.ok("answerCallbackQuery", callback_query_id=stand.press(ann, sent["message_id"], "Again"), text="ok")
    api.ok("editMessageText", text="two", **where)
    api.ok("setMessageReaction", reaction=[{"type": "emoji", "emoji": "👍"}], **where)
    api.ok("deleteMessage", **where)
    answer = stand.events(start)
    events = [event for event in answer["events"] if event["chat"] == ann]
    kinds = ["message", "action", "press_answer", "edit", "reaction", "delete"]
    assert [event["type"] for event in events] == kinds
    assert [event["message"]["text"] for event in events if "message" in event] == [
        "one",
        "two",
        "two",
        "two",
    ]
    assert [len(event["message"]["edits"]) for event in events if "message" in event] == [1, 2, 2, 2]
    assert (events[1]["action"], events[2]["text"]) == ("upload_photo", "ok")
    assert answer["seq"] == answer["events"][-1]["seq"]


def test_a_long_poll_of_events_ends_with_the_next_one(stand: TelegramStand, ann: int) -> None:
    """It returns at once when something happens, and empty after its timeout."""
    seq = stand.events()["seq"]
    writer = threading.Timer(0.2, stand.send, (ann, "now"))
    writer.start()
    events = stand.events(seq, timeout=10)["events"]
    writer.join()
    assert [event["message"]["text"] for event in events] == ["now"]
    assert stand.events(stand.events(seq)["seq"], timeout=0.1)["events"] == []


def test_the_stream_continues_after_a_number(stand: TelegramStand, ann: int) -> None:
    """Server-sent events carry their number as id and the event as JSON."""
    seq = stand.events()["seq"]
    stand.send(ann, "streamed")
    with httpx.stream("GET", f"{stand.base_url}/control/stream?after={seq}", timeout=5) as stream:
        lines = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            lines[name] = value
            if name == "data":
                break
    assert int(lines["id"]) == seq + 1
    assert json.loads(lines["data"])["message"]["text"] == "streamed"


def test_faults_hit_the_matching_calls_in_order(api: Api, stand: TelegramStand, ann: int) -> None:
    """By method, chat and text, so many times; what they ordered is what the bot hears; cleared ones never
    come. Which chat's call was struck last is told."""
    stand.fault("429", method="sendMessage", chat=ann, times=2, retry_after=7)
    stand.fault("400", method="*", chat=ann, description="Bad Request: PEER_FLOOD")
    api.ok("getMe")
    for _ in range(2):
        body = api.call("sendMessage", chat_id=ann, text="x")
        assert body == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 7",
            "parameters": {"retry_after": 7},
        }
    assert api.refused("sendChatAction", chat_id=ann, action="typing") == "Bad Request: PEER_FLOOD"
    order = stand.fault("400", method="sendMessage", text="fox", description="Bad Request: NO_FOXES")
    api.ok("sendMessage", chat_id=ann, text="a cat")
    assert stand.struck(order) is None
    assert api.refused("sendMessage", chat_id=ann, text="a fox") == "Bad Request: NO_FOXES"
    assert stand.struck(order) == ann
    stand.fault("500", method="sendMessage")
    stand.clear_faults()
    api.ok("sendMessage", chat_id=ann, text="x")
    with pytest.raises(StandError, match="kind must be one of"):
        stand.fault("flood")


def test_every_call_is_logged_and_counted(api: Api, stand: TelegramStand, ann: int) -> None:
    """With its chat, its message and how it ended."""
    before = stand.calls()
    sent = api.ok("sendMessage", chat_id=ann, text="x")
    api.refused("sendMessage", chat_id=ann, text="")
    after = stand.calls("sendMessage", ann)
    assert [{k: v for k, v in call.items() if k != "at"} for call in after["calls"]] == [
        {"method": "sendMessage", "ok": True, "code": 200, "chat": ann, "message_id": sent["message_id"]},
        {"method": "sendMessage", "ok": False, "code": 400, "chat": ann}
        | {"description": "Bad Request: message text is empty"},
    ]
    assert after["counts"]["sendMessage"] == before["counts"].get("sendMessage", 0) + 2
    assert after["refused"]["400"] == before["refused"].get("400", 0) + 1


def test_groups_have_a_limit_per_minute(api: Api, stand: TelegramStand, ann: int) -> None:
    """20 a minute by default: the 21st waits about 3 s; answers to presses and actions are free."""
    group = stand.new_group("Friends", [ann])
    stand.limits(enabled=True, per_chat_per_s=100, burst=100)
    sent = [api.ok("sendMessage", chat_id=group, text=str(n), reply_markup=KEYBOARD) for n in range(20)]
    body = api.call("editMessageText", chat_id=group, message_id=sent[0]["message_id"], text="x")
    assert (body["error_code"], body["parameters"]["retry_after"] in (2, 3)) == (429, True)
    api.ok("sendChatAction", chat_id=group, action="typing")
    query = stand.press(ann, sent[0]["message_id"], "Again", chat=group)
    api.ok("answerCallbackQuery", callback_query_id=query)
    with pytest.raises(StandError, match="unknown limit"):
        stand.limits(per_day=3)


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", "messages", {"user": 1, "text": "x"}, 404),
        ("POST", "messages", {"text": "x"}, 400),
        ("POST", "users", {}, 400),
        ("POST", "users", [], 400),
        ("POST", "chats", {"title": "x", "members": []}, 400),
        ("POST", "presses", {"user": 1, "message_id": 1, "text": "x"}, 404),
        ("POST", "replays", {"update_id": 1}, 404),
        ("GET", "chats/5/messages", None, 404),
        ("GET", "chats/x/messages", None, 400),
        ("GET", "files/none", None, 404),
    ],
)
def test_bad_orders_get_a_reason(stand: TelegramStand, verb: str, path: str, body: Any, status: int) -> None:
    """4xx with {"error": "..."}."""
    answer = httpx.request(verb, f"{stand.base_url}/control/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_copies_and_forwards(api: Api, stand: TelegramStand, ann: int) -> None:
    """A copy is the bot's own message; a forward names its origin; both keep the media."""
    bob = stand.new_user("Bob")
    photo = api.ok("sendPhoto", {"photo": ("a.png", png())}, chat_id=ann, caption="a fox")
    source = {"from_chat_id": ann, "message_id": photo["message_id"]}
    api.ok("copyMessage", chat_id=bob, caption="mine", **source)
    forward = api.ok("forwardMessage", chat_id=bob, **source)
    copied, forwarded = stand.messages(bob)
    assert (copied["caption"], copied["photo"]) == ("mine", photo["photo"])
    assert forward["forward_origin"]["sender_user"]["id"] == photo["from"]["id"]
    assert stand.file(forwarded) == png()
