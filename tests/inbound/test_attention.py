"""Messages that become no job cost their sender a bucket of its own: who has emptied it is told once."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import redis
from bot_stage import Scene, bot_program, eventually, stand_program
from patience import LONG_S
from spool_stage import opened

from bot.heeding import too_much
from chat.texts import texts
from config.settings import Settings
from jobs.limits import Rate
from ledger import keys
from ledger.connection import connect
from ledger.limits.attention import Attention, Heed
from stand.telegram.client import TelegramStand

BURST = 4
ADMIN = 5_000_000_003
MUCH = too_much(1, texts("en")).partition(".")[0]


@asynccontextmanager
async def attention(settings: Settings, rate: Rate | None) -> AsyncIterator[Attention]:
    async with opened(settings.ledger_redis()) as pipeline:
        yield Attention(pipeline, rate)


def pass_by(url: str, user: int, seconds: float) -> None:
    """Let so much time pass for a bucket."""
    with connect(url) as client:
        for field in ("at", "deaf_until"):
            if at := client.hget(keys.attention(user), field):
                client.hset(keys.attention(user), field, str(float(at) - seconds * 1000))


async def test_who_empties_the_bucket_is_told_once_and_heard_when_it_is_full_again(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    """Given a bucket of three that takes 30 s to fill, I expect three to be heard, the fourth to be told for
    how long nobody listens, all in that time to hear nothing, and three to be heard again after it."""
    async with attention(settings_for(), Rate(0.1, 3)) as bucket:
        for _ in range(2):
            heard = [await bucket.pay(1) for _ in range(6)]
            assert [heed.given for heed in heard] == [True] * 3 + [False] * 3
            assert [heed.first for heed in heard] == [False] * 3 + [True] + [False] * 2
            assert 25 < heard[3].wait_s <= 30
            pass_by(redis_url, 1, 15)
            assert not (await bucket.pay(1)).given
            pass_by(redis_url, 1, 15)
        assert (await bucket.pay(2)).given


async def test_what_becomes_a_job_costs_nothing(settings_for: Callable[..., Settings]) -> None:
    async with attention(settings_for(), Rate(0.001, 2)) as bucket:
        for _ in range(20):
            assert (await bucket.pay(1)).given
            await bucket.give_back(1)
        await bucket.give_back(1)
        assert [(await bucket.pay(1)).given for _ in range(3)] == [True, True, False]


async def test_a_clock_that_was_put_back_silences_nobody_for_longer(
    settings_for: Callable[..., Settings], redis_url: str
) -> None:
    async with attention(settings_for(), Rate(0.1, 1)) as bucket:
        assert [(await bucket.pay(1)).given for _ in range(2)] == [True, False]
        pass_by(redis_url, 1, -3600)
        heed = await bucket.pay(1)
        assert heed.given or heed.wait_s <= 10


async def test_without_a_rate_all_are_heard(settings_for: Callable[..., Settings]) -> None:
    async with attention(settings_for(redis_url="redis://127.0.0.1:1/0"), None) as bucket:
        assert await bucket.pay(1) == Heed(given=True)
        await bucket.give_back(1)


@pytest.fixture(scope="module")
def scene(redis_server: str) -> Iterator[Scene]:
    """A bot that takes little from one person."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    settings = {
        "REFUSED_RATE_LIMIT": f"1/h, burst {BURST}",
        "USER_RATE_LIMIT": "1/h, burst 7",
        "ADMIN_IDS": str(ADMIN),
    }
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client_of_stand,
        bot_program(stand.url, redis_server, settings=settings) as bot,
    ):
        client_of_stand.limits(enabled=False)
        client_of_stand.new_user("Ada", user_id=ADMIN)
        scene = Scene(client_of_stand, redis_server)
        yield scene
        scene.close()
        assert bot.terminate(LONG_S) == 0
        assert '"level": "error"' not in bot.log_text


def heard(scene: Scene, user: int) -> list[str]:
    """What the bot has told somebody, once it has dealt with all that was written so far."""
    eventually(lambda: scene.stand.state()["updates_pending"] == 0)
    eventually(lambda: scene.redis.zcard(keys.spool("answers")) == 0)
    return [each["text"] for each in scene.stand.messages(user) if each["from"]["is_bot"]]


SENSELESS = {
    "commands": ["/help", "/jobs", "/settings", "/history"],
    "unknown commands": ["/nonsense"],
    "options that are none": ["a fox --quality 5"],
    "texts without end": ["„ " * 2000],
    "admins' commands": ["/stats", "/block x", "/vip"],
}


@pytest.mark.parametrize("name", SENSELESS)
@pytest.mark.parametrize("admin", [False, True])
def test_senseless_messages_are_answered_up_to_a_bound_and_then_once(
    scene: Scene, name: str, admin: bool
) -> None:
    """Given somebody who writes far more of what becomes no job than one may, I expect as many answers as one
    may have and one more that says so, also to an admin."""
    user = ADMIN if admin else scene.stand.new_user("Ann")
    scene.redis.delete(keys.attention(user))
    before = len(heard(scene, user)) if admin else 0
    for number in range(BURST * 3):
        scene.stand.send(user, SENSELESS[name][number % len(SENSELESS[name])])
    found = heard(scene, user)[before:]
    assert len(found) == BURST + 1
    assert [text.startswith(MUCH) for text in found] == [False] * BURST + [True]


def test_refused_requests_count_and_those_that_become_jobs_do_not(scene: Scene) -> None:
    """Given somebody who has seven pictures made and then is refused, I expect all seven jobs, and the
    refusals, though one hears of them once, to cost as any other message."""
    ann = scene.stand.new_user("Ann")
    for number in range(7):
        scene.stand.send(ann, f"/image a fox that is number {number}")
    eventually(lambda: len(scene.jobs(ann)) == 7)
    for number in range(BURST):
        scene.stand.send(ann, f"/image too much, number {number}")
    scene.stand.send(ann, "/help")
    found = heard(scene, ann)
    assert found[-1].startswith(MUCH)
    assert len(scene.jobs(ann)) == 7


def test_presses_count_too(scene: Scene) -> None:
    ann = scene.stand.new_user("Ann")
    shown = scene.ask(ann, "/settings")
    button = shown["reply_markup"]["inline_keyboard"][0][0]["text"]
    told = [scene.press(ann, shown, button)["text"] or ""]
    old = scene.with_button(ann, "nothing that is known")
    told += [scene.press(ann, old, "x")["text"] for _ in range(BURST - 1)]
    assert [text.startswith(MUCH) for text in told] == [False] * (BURST - 1) + [True]
    scene.stand.press(ann, old["message_id"], "x")
    scene.stand.send(ann, "/help")
    assert len(heard(scene, ann)) == 2, "the settings, and the old button itself"


def test_what_people_say_to_each_other_in_a_group_costs_nothing(scene: Scene) -> None:
    """Given a person who writes a lot in a group in which the bot sees all, I expect it to listen once it is
    meant."""
    ann = scene.stand.new_user("Ann")
    group = scene.stand.new_group("Foxes", [ann], open_=True)
    for _ in range(BURST * 3):
        scene.stand.send(ann, "lovely weather", group)
    assert scene.ask(ann, "/help", group)["text"]


def test_media_and_edits_count(scene: Scene) -> None:
    """Given somebody who sends stickers, and somebody who edits a request over and over, I expect both to
    cost."""
    ann, ivan = scene.stand.new_user("Ann"), scene.stand.new_user("Ivan")
    for _ in range(BURST * 2):
        scene.stand.sticker(ann)
    assert [text.startswith(MUCH) for text in heard(scene, ann)] == [False] * BURST + [True]
    asked = scene.stand.send(ivan, "/image a fox that will change")
    for number in range(BURST * 2):
        scene.stand.edit(ivan, asked["message_id"], f"/image another fox {number}")
    assert heard(scene, ivan)[-1].startswith(MUCH)
