"""The bot as a process: settings it refuses, servers that are away, signals, and what outlives a kill."""

import os
import signal
import time
from collections.abc import Iterator

import httpx
import pytest
from bot_stage import BOT_ID, TOKEN, Scene, assert_ends_in_time, bot_program, eventually, stand_program
from patience import LONG_S, promised

from config.settings import Settings
from jobs import ids
from jobs.model import Kind, Lane, Origin, Request
from jobs.states import State
from sandbox.admission import admit_once
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from stand.telegram.client import TelegramStand


@pytest.fixture
def scene(redis_url: str) -> Iterator[Scene]:
    """A stand and a Redis; the test starts the bot."""
    with stand_program() as stand, TelegramStand(stand.url) as client:
        client.limits(enabled=False)
        scene = Scene(client, redis_url)
        yield scene
        scene.close()


def first_update(scene: Scene) -> int:
    """The id of the oldest update that no bot has confirmed."""
    answer = httpx.get(f"{scene.stand.base_url}/bot{TOKEN}/getUpdates", trust_env=False).json()
    return int(answer["result"][0]["update_id"])


@pytest.mark.parametrize(
    ("token", "sentence"),
    [("", "TELEGRAM_TOKEN is not set"), ("1:wrong", "TELEGRAM_TOKEN is refused by Telegram")],
)
def test_a_token_that_is_missing_or_wrong_is_one_sentence_and_exit_2(
    scene: Scene, redis_url: str, token: str, sentence: str
) -> None:
    with bot_program(scene.stand.base_url, redis_url, ready=None, token=token) as bot:
        assert bot.wait(LONG_S) == 2
        assert bot.log_text.startswith(sentence)
        assert len(bot.log_text.splitlines()) == 1
        assert "1:wrong" not in bot.log_text


def test_telegram_may_come_later(redis_url: str) -> None:
    port = free_port()
    with bot_program(f"http://127.0.0.1:{port}", redis_url, ready="out of reach") as bot:
        with stand_program(port) as program, TelegramStand(program.url) as client:
            ann = client.new_user()
            client.send(ann, "/start")
            assert client.wait_message(ann, lambda each: each["from"]["is_bot"])["text"].startswith("Hello")
        assert bot.terminate(LONG_S) == 0
        assert TOKEN not in bot.log_text


def test_sigterm_ends_it_within_five_seconds_even_amid_a_slow_call(scene: Scene, redis_url: str) -> None:
    with bot_program(scene.stand.base_url, redis_url) as bot:
        ann = scene.stand.new_user()
        scene.stand.fault("delay", method="sendMessage", seconds=2 * LONG_S)
        scene.stand.send(ann, "a red fox")
        eventually(lambda: len(scene.jobs(ann)) == 1)
        assert_ends_in_time(bot)


def test_sigterm_ends_it_within_five_seconds_while_redis_hangs() -> None:
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client,
        EmbeddedRedis(free_port()) as server,
        bot_program(stand.url, server.url) as bot,
    ):
        ann = client.new_user()
        client.send(ann, "a red fox")
        client.wait_message(ann, lambda each: each["from"]["is_bot"])
        server.stop()
        before = client.state()["updates_sent"]
        client.send(ann, "a blue whale")
        eventually(lambda: client.state()["updates_sent"] > before)
        assert_ends_in_time(bot)


def test_ctrl_c_ends_it_and_what_was_handled_does_not_come_again(scene: Scene, redis_url: str) -> None:
    ann = scene.stand.new_user()
    with bot_program(scene.stand.base_url, redis_url) as bot:
        scene.ask(ann, "/start")
        os.kill(bot.pid, signal.SIGINT)
        assert bot.wait(LONG_S) == 0
    assert scene.stand.state()["updates_pending"] == 0


def test_what_a_killed_bot_had_taken_in_comes_to_the_next_one(scene: Scene, redis_url: str) -> None:
    """Updates are confirmed once they were handled: a kill amid the answer loses none."""
    ann = scene.stand.new_user()
    with bot_program(scene.stand.base_url, redis_url) as bot:
        scene.stand.fault("delay", method="sendMessage", seconds=30)
        scene.stand.send(ann, "a red fox")
        eventually(lambda: len(scene.jobs(ann)) == 1)
        bot.kill()
    assert scene.stand.state()["updates_pending"] == 1
    with bot_program(scene.stand.base_url, redis_url) as bot:
        eventually(lambda: '"answer": "Duplicate"' in bot.log_text)
        eventually(lambda: [job.state for job in scene.jobs(ann)] == [State.QUEUED])


def test_what_came_in_while_redis_hung_is_made_by_the_next_bot() -> None:
    """Given a Redis that hangs, when somebody writes and the bot is killed, I expect the update not to
    have been confirmed, however often more was asked for meanwhile, and the next bot to make it."""
    server = EmbeddedRedis(free_port())
    url = server.url
    with stand_program() as stand, TelegramStand(stand.url) as client, server:
        client.limits(enabled=False)
        scene = Scene(client, url)
        ann, ivan = client.new_user(), client.new_user()
        with bot_program(stand.url, url) as bot:
            scene.ask(ann, "/start")
            server.stop()
            before = client.state()["updates_sent"]
            client.send(ann, "a red fox")
            eventually(lambda: client.state()["updates_sent"] >= before + 2)
            client.send(ivan, "a blue fox")
            assert client.state()["updates_pending"] == 2
            bot.kill()
        server.continue_()
        assert scene.jobs(ann) == []
        with bot_program(stand.url, url):
            eventually(lambda: len(scene.jobs(ann)) == len(scene.jobs(ivan)) == 1)
            eventually(lambda: client.state()["updates_pending"] == 0)
        scene.close()


@pytest.mark.parametrize("more", [["/cancel"], ["/image a blue fox", "/cancel all"]])
def test_what_was_written_while_no_bot_ran_is_handled_in_its_order(
    scene: Scene, redis_url: str, more: list[str]
) -> None:
    """Given requests and then a change of mind, all in one batch, I expect nothing to be made."""
    ann = scene.stand.new_user()
    scene.stand.send(ann, "/image a red fox")
    for text in more:
        last = scene.stand.send(ann, text)
    with bot_program(scene.stand.base_url, redis_url):
        assert scene.answer(ann, last["message_id"])["text"].startswith("Cancelled")
        assert {job.state for job in scene.jobs(ann)} == {State.CANCELLED}
        assert len(scene.jobs(ann)) == len(more)


def test_an_update_that_comes_twice_is_one_job_and_one_status_message(scene: Scene, redis_url: str) -> None:
    ann = scene.stand.new_user()
    scene.stand.send(ann, "a red fox")
    update = first_update(scene)
    with bot_program(scene.stand.base_url, redis_url) as bot:
        shown = scene.stand.wait_message(ann, lambda each: each["from"]["is_bot"])
        job = scene.job_of(shown, ann)
        scene.stand.replay(update)
        eventually(lambda: '"answer": "Duplicate"' in bot.log_text)
        assert bot.terminate(LONG_S) == 0
    assert scene.jobs(ann) == [job]
    assert len(scene.stand.messages(ann)) == 2
    assert scene.on_broker(job.id, Lane.IMG) == 1


def test_a_bot_that_died_half_way_is_completed_by_the_repetition(scene: Scene, redis_url: str) -> None:
    """Given a job that was admitted and neither shown nor published, I expect both once it comes again."""
    ann = scene.stand.new_user()
    said = scene.stand.send(ann, "a red fox")
    job_id = ids.from_message(BOT_ID, ann, said["message_id"])
    origin = Origin(ann, ann, said["message_id"])
    request = Request(Kind.IMAGE, "flux-schnell", "a red fox", seed=42)
    admit_once(Settings(redis_url=redis_url), job_id, request, origin)
    with bot_program(scene.stand.base_url, redis_url):
        job = scene.job_of(scene.answer(ann, said["message_id"]), ann)
    assert (job.id, job.state, job.request.seed) == (job_id, State.QUEUED, 42)
    assert scene.on_broker(job.id, Lane.IMG) == 1


def test_a_job_in_a_chat_that_nobody_can_write_to_is_cancelled(scene: Scene, redis_url: str) -> None:
    ann = scene.stand.new_user()
    scene.stand.send(ann, "a red fox")
    scene.stand.fault("403", method="sendMessage", chat=ann)
    with bot_program(scene.stand.base_url, redis_url):
        eventually(lambda: [job.state for job in scene.jobs(ann)] == [State.CANCELLED])


def test_without_its_ledger_the_bot_asks_to_try_again_and_recovers() -> None:
    server = EmbeddedRedis(free_port())
    url = server.url
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client,
        bot_program(stand.url, url) as bot,
    ):
        client.limits(enabled=False)
        scene = Scene(client, url)
        ann, ivan = client.new_user(), client.new_user("Иван", "ru")
        assert "try again in a minute" in scene.ask(ann, "a red fox")["text"]
        assert "через минуту" in scene.ask(ivan, "/jobs")["text"]
        shown = scene.with_button(ann, f"cancel:{'a' * 20}")
        assert "try again in a minute" in scene.press(ann, shown, "x")["text"]
        with server:
            began = time.monotonic()
            assert scene.job(ann, "a red fox").state is State.QUEUED
            assert time.monotonic() - began < promised(5)
        scene.close()
        assert bot.terminate(LONG_S) == 0
