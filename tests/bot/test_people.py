"""Who is who: people, and groups and channels in whose name people write."""

from collections.abc import Iterator

import pytest
import redis
from bot_stage import BOT_ID, Scene, bot_program, eventually, stand_program

from jobs.model import Kind
from jobs.states import State
from ledger import keys
from ledger.admin.controls import Controls
from ledger.people import People
from stand.telegram.client import TelegramStand


@pytest.fixture(scope="module")
def scene(redis_server: str) -> Iterator[Scene]:
    """A bot for all tests here; each test brings people of its own."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client_of_stand,
        bot_program(stand.url, redis_server) as bot,
    ):
        client_of_stand.limits(enabled=False)
        scene = Scene(client_of_stand, redis_server)
        yield scene
        scene.close()
        assert bot.terminate(5) == 0
        assert '"level": "error"' not in bot.log_text


@pytest.fixture
def ann(scene: Scene) -> int:
    """A user whose Telegram is in English."""
    scene.forget_requests()
    return scene.stand.new_user("Ann")


@pytest.fixture
def ivan(scene: Scene) -> int:
    """A user whose Telegram is in Russian."""
    return scene.stand.new_user("Иван", "ru")


@pytest.fixture
def group(scene: Scene, ann: int, ivan: int) -> int:
    """Ann's group, in which Ivan is a member."""
    return scene.stand.new_group("Friends", [ann, ivan], open_=True)


def told(scene: Scene, chat: int) -> list[str]:
    """What the bot has said in a chat."""
    return [str(each.get("text")) for each in scene.stand.messages(chat) if each["from"]["id"] == BOT_ID]


# Anonymous admins


def test_an_anonymous_admin_may_press_for_the_group(scene: Scene, ann: int, ivan: int, group: int) -> None:
    """Given requests in the group's name, when Telegram tells who presses Cancel below them, I expect an
    admin to be let and a member not to be."""
    said = scene.stand.send_anonymously(ann, "/image a red fox", group)
    shown = scene.answer(group, said["message_id"])
    job = scene.job_of(shown, group)
    assert job.origin.user == group
    assert "Отменить может только" in scene.press(ivan, shown, "Cancel", group)["text"]
    assert scene.press(ann, shown, "Cancel", group)["text"] == "Cancelled."
    assert [each.state for each in scene.jobs(group)] == [State.CANCELLED]


def test_an_admin_may_cancel_by_command_what_was_asked_for_anonymously(
    scene: Scene, ann: int, ivan: int, group: int
) -> None:
    said = scene.stand.send_anonymously(ann, "/image a red fox", group)
    job = scene.job_of(scene.answer(group, said["message_id"]), group)
    assert "Отменить может только" in scene.ask(ivan, "/cancel", group, job.message)["text"]
    assert scene.ask(ann, "/cancel", group, job.message)["text"] == "Cancelled."


def test_the_lists_of_an_anonymous_admin_are_the_groups(
    scene: Scene, ann: int, ivan: int, group: int
) -> None:
    """Given /settings and /history in the group's name, I expect an admin to use their buttons, for the
    group, and a member to be told off."""
    said = scene.stand.send_anonymously(ann, "/settings", group)
    shown = scene.answer(group, said["message_id"])
    assert "чужие настройки" in scene.press(ivan, shown, "Picture ratio: Default", group)["text"]
    scene.press(ann, shown, "Picture ratio: Default", group)
    scene.stand.wait_message(group, lambda each: "3:2" in each["edits"][-1]["buttons"])
    assert scene.press(ann, shown, "3:2", group)["text"] == "Saved."
    assert scene.choices(group) == {"ar:image": "3:2"}
    assert scene.choices(ann) == {}

    said = scene.stand.send_anonymously(ann, "/image a red fox", group)
    job = scene.finish(scene.job_of(scene.answer(group, said["message_id"]), group))
    assert dict(job.request.options) == {"ar": "3:2"}
    said = scene.stand.send_anonymously(ann, "/history", group)
    listed = scene.answer(group, said["message_id"])
    assert "a red fox" in listed["text"]
    assert "чужой список" in scene.press(ivan, listed, "1", group)["text"]
    assert scene.press(ann, listed, "1", group)["text"] is None
    assert "чужой список" in scene.press(ivan, scene.with_button(group, "history:0"), "x", group)["text"]


def test_the_anonymous_admins_of_two_groups_are_not_one_person(
    scene: Scene, ann: int, ivan: int, group: int
) -> None:
    """Given two groups whose admins write anonymously, when one of them is blocked, I expect the other's
    requests to be taken, and each to have its own history."""
    other = scene.stand.new_group("Others", [ivan, ann])
    Controls(scene.redis).block(group, 1)
    said = scene.stand.send_anonymously(ann, "/image a red fox", group)
    assert "no requests from this account" in scene.answer(group, said["message_id"])["text"]
    said = scene.stand.send_anonymously(ivan, "/image a red fox", other)
    scene.job_of(scene.answer(other, said["message_id"]), other)
    assert len(scene.jobs(other)) == 1
    assert scene.jobs(group) == scene.jobs(ivan) == []


def test_a_group_is_nobody_to_write_to_unasked(scene: Scene, ann: int, group: int) -> None:
    """Given an anonymous admin's request, whose writer is the very chat it is in, I expect the group not to
    be among those whom a broadcast reaches."""
    said = scene.stand.send_anonymously(ann, "/start", group)
    scene.answer(group, said["message_id"])
    people = People(scene.redis)
    eventually(lambda: people.get(group) is not None)
    person = people.get(group)
    assert person is not None
    assert (person.chat, person.reachable) == (0, False)


# Channels


def test_a_channels_post_in_its_discussion_group_asks_for_nothing(scene: Scene, ann: int, group: int) -> None:
    """Given a post that names the bot and is repeated by Telegram, and a command in another, I expect no word
    and no job; and both from whoever writes as the channel."""
    for text in ("Try @darkroom_bot for free pictures!", "/image@darkroom_bot a free fox"):
        scene.stand.send_as_channel(ann, "News", text, group, forwarded=True)
    said = scene.stand.send_as_channel(ann, "News", "/video a red fox", group)
    job = scene.job_of(scene.answer(group, said["message_id"]), group)
    assert (job.request.kind, job.origin.user) == (Kind.VIDEO, said["sender_chat"]["id"])
    assert len(told(scene, group)) == 1
    assert scene.jobs(777000) == []
    assert scene.redis.exists(keys.history_of(136817688)) == 0
