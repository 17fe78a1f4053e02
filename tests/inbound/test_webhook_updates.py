"""Updates that Telegram posts: what is answered, when, and what a ledger that is away does to it."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from bot_stage import BOT_ID, Scene, assert_ends_in_time, bot_program, eventually
from patience import LONG_S
from spool_stage import opened
from webhook_stage import BEFORE, OLD_SIGNING, SECRET, Door, said, signed, webhook_settings

from config.redis_urls import place_of
from jobs import ids
from jobs.model import Kind, Lane
from jobs.signing import signature
from jobs.states import State
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import UPDATES, Enqueued
from ledger.queues.update_queue import MOST, TAKEN_S, item_of, updates
from sandbox.environment import free_port
from stand.telegram.client import Json

pytest_plugins = ["webhook_door"]


@pytest.fixture
def ann(door: Door) -> int:
    """Somebody new to the bot, whose requests are shared with nobody."""
    door.forget_requests()
    return door.stand.new_user("Ann")


@pytest.fixture
def replica(door: Door) -> Iterator[httpx.Client]:
    """A second bot with the same settings, on a port of its own."""
    port = free_port()
    settings = webhook_settings(port) | {"WEBHOOK_URL": door.url}
    with (
        bot_program(door.stand.base_url, door.redis_url, ready="receiving", settings=settings),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15, trust_env=False) as http,
    ):
        yield http


def told(scene: Scene, chat: int) -> list[Json]:
    """What the bot has said."""
    return [each for each in scene.stand.messages(chat) if each["from"]["is_bot"]]


def test_telegram_is_told_where_to_post(door: Door) -> None:
    info = door.info()
    assert info["url"] == f"{door.url}/telegram"
    assert info["max_connections"] == 100
    assert set(info["allowed_updates"]) == {"message", "edited_message", "callback_query"}


def test_a_request_comes_in_by_webhook(door: Door, ann: int) -> None:
    job = door.job(ann, "/image a red fox")
    assert (job.request.kind, job.request.prompt) == (Kind.IMAGE, "a red fox")
    assert door.on_broker(job.id, Lane.IMG) == 1
    assert door.press(ann, door.answer(ann, job.origin.reply_to), "Cancel")["text"] == "Cancelled."


def test_the_answer_waits_for_no_word_in_the_chat(door: Door, ann: int) -> None:
    """Given a chat in which the bot's words must wait for long, I expect the answer and the job without
    them."""
    door.stand.fault("delay", method="sendMessage", chat=ann, seconds=20)
    assert door.post(said(ann, "a blue whale", 1)).status_code == 200
    eventually(lambda: door.ledger.get(ids.from_message(BOT_ID, ann, 1)) is not None)
    assert told(door, ann) == []


def test_a_change_of_mind_comes_after_what_it_is_about(door: Door, ann: int) -> None:
    """Given a request and /cancel that are posted one right after the other, I expect nothing to be made."""
    for number, text in enumerate(("/image a yellow finch", "/cancel"), 1):
        assert door.post(said(ann, text, number)).status_code == 200
    door.stand.wait_message(ann, lambda each: each.get("text") == "Cancelled.")
    assert [job.state for job in door.jobs(ann)] == [State.CANCELLED]


def test_what_a_replica_had_taken_that_died_another_makes(door: Door, ann: int) -> None:
    """Given an update that a replica took from Telegram, and died, I expect the next one to make it."""
    update = json.dumps(said(ann, "a white crow", 1))

    async def taken() -> None:
        async with opened(place_of(door.redis_url), 5) as pipeline:
            assert await updates(pipeline).keep(item_of(update), take=True) is Enqueued.TAKEN

    asyncio.run(taken())
    assert door.jobs(ann) == []
    assert door.post(update.encode()).status_code == 200  # known: nobody is told to bring it again
    eventually(lambda: len(door.jobs(ann)) == 1, TAKEN_S + 10)
    assert door.jobs(ann)[0].request.prompt == "a white crow"


def test_when_too_many_wait_telegram_keeps_the_update(door: Door, ann: int) -> None:
    """Given as many undecided updates as may wait, I expect 503, and 200 for the same update later."""
    update, far = said(ann, "one camel too many", 1), time.time() * 1000 + 600_000
    with connect(door.redis_url) as client:
        client.zadd(keys.spool(UPDATES), {f"other {number}": far for number in range(MOST)})
        try:
            assert door.post(update).status_code == 503
        finally:
            client.zremrangebyscore(keys.spool(UPDATES), far, far)
    assert door.post(update).status_code == 200
    eventually(lambda: len(door.jobs(ann)) == 1)


def test_one_update_posted_eight_times_at_once_to_two_replicas_is_one_job(
    door: Door, ann: int, replica: httpx.Client
) -> None:
    update = said(ann, "a grey heron", 1)
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}

    def post(number: int) -> int:
        http = (door.http, replica)[number % 2]
        return http.post("/telegram", json=update, headers=headers).status_code

    with ThreadPoolExecutor(8) as posting:
        assert set(posting.map(post, range(8))) == {200}
    job = door.job_of(door.stand.wait_message(ann, lambda each: each["from"]["is_bot"]), ann)
    assert door.jobs(ann) == [job]
    assert len(told(door, ann)) == 1
    # Each may have published it before the others had said so; one message is as good as eight.
    assert door.on_broker(job.id, Lane.IMG) >= 1


def test_while_the_ledger_is_away_telegram_keeps_the_update(door: Door, ann: int) -> None:
    """Given a Redis that is dead, I expect 503 and no words in the chat; and once it is back, the job, once,
    from what Telegram brings again."""
    door.server.kill()
    try:
        door.stand.send(ann, "a green toad")
        eventually(lambda: "503" in door.info().get("last_error_message", ""))
        assert door.post(said(ann, "a green toad", 77)).status_code == 503
        assert door.hint("fox", b"{}", {}).status_code == 401
        heard = b'{"id": "p1", "status": "succeeded"}'
        assert door.hint("fox", heard, signed(heard, "msg_away")).status_code == 503
        assert told(door, ann) == []
    finally:
        door.server.start()
    shown = door.stand.wait_message(ann, lambda each: each["from"]["is_bot"])
    job = door.job_of(shown, ann)
    eventually(lambda: door.stand.state()["updates_pending"] == 0)
    assert door.jobs(ann) == [job]
    assert job.state is State.QUEUED
    assert len(told(door, ann)) == 1
    assert door.hint("fox", heard, signed(heard, "msg_away")).status_code == 200


def test_health(door: Door) -> None:
    """The process lives whatever becomes of the ledger; it is ready only with one."""
    assert (door.http.get("/healthz").status_code, door.http.get("/readyz").status_code) == (200, 200)
    door.server.kill()
    try:
        assert door.http.get("/healthz").status_code == 200
        away = door.http.get("/readyz")
        assert (away.status_code, away.text) == (503, "the ledger does not answer\n")
    finally:
        door.server.start()
    eventually(lambda: door.http.get("/readyz").status_code == 200)


def test_who_is_not_telegram_gets_nowhere(door: Door, ann: int) -> None:
    update = said(ann, "a pink hog", 1)
    for secret, status in ((None, 401), ("", 403), (SECRET[:-1], 403), (SECRET + "x", 403), ("тайна", 403)):
        name = b"X-Telegram-Bot-Api-Secret-Token"
        headers = [] if secret is None else [(name, secret.encode())]
        answer = door.http.post("/telegram", json=update, headers=headers)
        assert (answer.status_code, SECRET in answer.text) == (status, False)
    assert door.http.get("/telegram").status_code == 405
    assert door.jobs(ann) == []


def test_secrets_are_replaced_without_a_stop(door: Door, ann: int) -> None:
    """Given a bot that was started with new secrets beside the ones before: what Telegram posts with the old
    one is taken, as is a provider's webhook for a job that was submitted with the old signature. What the bot
    tells Telegram is the new one, with which the stand posts."""
    name = {"X-Telegram-Bot-Api-Secret-Token": BEFORE}
    assert door.post(said(ann, "a fox of the old secret", 7001), **name).status_code == 200
    eventually(lambda: len(door.jobs(ann)) == 1)
    door.stand.send(ann, "/image a fox of the new secret")
    eventually(lambda: len(door.jobs(ann)) == 2)
    body = b'{"id": "p1", "status": "succeeded"}'
    old = door.hint("oldjob", body, signed(body, "msg_old"), sig=signature(OLD_SIGNING, "oldjob"))
    assert old.status_code == 200
    other = door.hint("oldjob", body, signed(body, "msg_other"), sig=signature("of nobody we know", "oldjob"))
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"update_id": "1"}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": %s}' % (b"9" * 5_000), 400),
        (b'"\xff"', 400),
        (b'{"update_id": 1, "x": "\xff"}', 400),
        (b" " * ((1 << 20) + 1), 413),
        (b'{"update_id": 1}', 200),
        (b'{"update_id": 1, "message": 7}', 200),  # whoever reads it says what is wrong in the log
    ],
)
def test_what_is_no_update(door: Door, body: bytes, status: int) -> None:
    assert door.post(body).status_code == status


def test_a_body_without_a_length_is_bounded_too(door: Door) -> None:
    chunks = (b" " * 65_536 for _ in range(20))
    answer = door.http.post("/telegram", content=chunks, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert answer.status_code == 413


def test_a_press_on_a_message_too_old_to_be_shown_is_taken(door: Door, ann: int) -> None:
    """Telegram then sends the message without its content, and 0 for its date."""
    person = {"id": ann, "is_bot": False, "first_name": "Ann"}
    old = {"message_id": 1, "date": 0, "chat": {"id": ann, "type": "private", "first_name": "Ann"}}
    query = {"id": "1", "from": person, "message": old, "chat_instance": "1", "data": "x"}
    assert door.post({"update_id": 1, "callback_query": query}).status_code == 200


def test_a_taken_port_is_one_sentence(door: Door) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = webhook_settings(taken.getsockname()[1])
        with bot_program(door.stand.base_url, door.redis_url, ready=None, settings=settings) as bot:
            assert bot.wait(LONG_S) == 2
            assert bot.log_text.startswith("WEBHOOK_BIND: cannot listen on 127.0.0.1:")
            assert len(bot.log_text.splitlines()) == 1


def test_sigterm_ends_it_within_five_seconds_amid_a_slow_call(door: Door, ann: int) -> None:
    port = free_port()
    settings = webhook_settings(port) | {"WEBHOOK_URL": door.url}
    update = said(ann, "a slow loris", 1)
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    with bot_program(door.stand.base_url, door.redis_url, ready="receiving", settings=settings) as bot:
        door.stand.fault("delay", method="sendMessage", chat=ann, seconds=2 * LONG_S)
        url = f"http://127.0.0.1:{port}/telegram"
        assert httpx.post(url, json=update, headers=headers, trust_env=False).status_code == 200
        eventually(lambda: len(door.jobs(ann)) == 1)
        assert_ends_in_time(bot)
    assert len(door.jobs(ann)) == 1
    assert door.info()["url"].endswith("/telegram")  # other replicas still want it


def test_secrets_are_in_no_log(door: Door) -> None:
    assert SECRET not in door.bot.log_text
    assert '"level": "error"' not in door.bot.log_text


def _has_two(door: Door, person: int) -> bool:
    return len(door.jobs(person)) == 2


def test_a_chats_updates_keep_their_order_across_replicas(
    door: Door, ann: int, replica: httpx.Client
) -> None:
    """Given requests and /cancel of several people, each of which another replica takes from Telegram, I
    expect each to be dealt with in its order: nothing is made."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    people = [ann, *(door.stand.new_user(f"Ann {number}") for number in range(7))]
    for person in people:
        for number, text in enumerate((f"/image a swift for {person}", "/cancel", "/image a slow worm"), 1):
            http = (door.http, replica)[number % 2]
            assert http.post("/telegram", json=said(person, text, number), headers=headers).status_code == 200
    for person in people:
        eventually(partial(_has_two, door, person))
        door.stand.wait_message(person, lambda each: each.get("text") == "Cancelled.")
        assert [job.state is State.CANCELLED for job in door.jobs(person)] == [False, True]
