"""Turns of a broadcast, by the task itself between the Telegram stand and Redis: what does not stop one."""

from collections.abc import Iterator
from typing import Any

import pytest
from tasks_stage import Stage, stage

from chat import announcement
from chat.errors import NotNow
from ledger.admin.broadcasts import Broadcast, Phase
from ledger.people import People
from tasks import broadcast as turns


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, three people, and a broadcast that has begun."""
    people = People(whole_stage.redis)
    for _ in range(3):
        user = whole_stage.telegram.new_user()
        people.seen(user, user, "en")
    admin = whole_stage.telegram.new_user()
    whole_stage.process.records.broadcasts.draft("news", "We are back", admin, "en")
    whole_stage.process.records.broadcasts.start("news", 1, admin)
    yield whole_stage
    whole_stage.telegram.clear_faults()


def found(scene: Stage) -> Broadcast:
    now = scene.process.records.broadcasts.get("news")
    assert now is not None
    return now


def worked_off(scene: Stage) -> Broadcast:
    """The broadcast after all its turns: on a busy machine there may be several."""
    for turn in range(1, 50):
        turns.broadcast("news", turn)
        if (now := found(scene)).phase is not Phase.RUNNING:
            return now
    raise AssertionError("the turns do not come to an end")


def test_an_error_of_ours_costs_one_person_the_news_and_ends(
    scene: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an error that is none of Telegram's, for each person and for the display, I expect all counted as
    not sent, and the broadcast done."""

    def broken(*_: Any, **__: Any) -> Any:
        raise TypeError("an error of ours")

    monkeypatch.setattr(announcement, "send", broken)
    monkeypatch.setattr(announcement, "state", broken)
    now = worked_off(scene)
    assert (now.phase, now.sent, now.failed) == (Phase.DONE, 0, 3)


def test_our_own_limiter_makes_nobody_miss_the_news(scene: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a budget without a turn, more often than troubles may come, I expect nobody passed over."""
    with monkeypatch.context() as patch:

        def short(*_: Any, **__: Any) -> Any:
            raise NotNow("no turn", retry_after=0.0)

        patch.setattr(announcement, "send", short)
        patch.setattr(turns, "_PATIENT_S", 0.0)
        for _ in range(5):
            turns.broadcast("news", 1)
    now = worked_off(scene)
    assert (now.phase, now.sent, now.failed) == (Phase.DONE, 3, 0)
