"""How updates reach a bot: long polling, privacy in groups, replays."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from patience import LONG_S, eventually
from telegram_stand_tools import Api

from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

Json = dict[str, Any]


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
        eventually(lambda: stand.state()["polls_waiting"] == 1)
        stand.send(ann, "now")
        [update] = waiting.result(LONG_S)
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
        await asyncio.to_thread(eventually, lambda: stand.state()["polls_waiting"] == 1)
        writer.close()
        await asyncio.to_thread(eventually, lambda: stand.state()["polls_waiting"] == 0)

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


def test_updates_before_the_bots_first_call_wait_for_it(fresh_url: str) -> None:
    """Given a user who wrote before the bot was started, the bot gets the message."""
    with TelegramStand(fresh_url) as stand:
        stand.send(stand.new_user(), "early bird")
        updates = Api(fresh_url, "710000:" + "C" * 35).ok("getUpdates")
    assert [update["message"]["text"] for update in updates] == ["early bird"]
