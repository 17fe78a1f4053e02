"""What comes in while Redis or the broker is away, and what comes in twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from acceptance.person import Message, Person, buttons_of, eventually, text_of

from jobs.states import State

from .house import AWAY, House, answers_to
from .stage import GONE, press_if_there
from .trap import Deed, Trap, word

pytestmark = pytest.mark.faults

TIMES = 5


def test_11_redis_is_down_at_admission(house: House) -> None:
    """Given no Redis, when Ann asks, I expect the honest answer and no job; and a job when she asks again."""
    ann = house.person()
    house.kill("redis")
    refused = ann.ask("/image a closed shop")
    assert text_of(refused) == AWAY
    house.start("redis")
    ann.make("/image an open shop")
    (job,) = house.check()
    assert job.request.prompt == "an open shop"
    assert ann.answered_once(refused)


def test_11_redis_is_down_when_telegram_posts(posted: House) -> None:
    """Given no Redis and a bot to which Telegram posts, I expect 503 and no word in the chat, and then one
    job from what Telegram brings again."""
    ann = posted.person()
    posted.kill("redis")
    said = posted.stack.telegram.send(ann.id, "/image a snowed-in post office")
    eventually(lambda: "503" in str(posted.stack.telegram.state()["webhook"]))
    assert ann.told() == []
    posted.start("redis")
    shown = eventually(lambda: answers_to(ann, said))[0]
    ann.result(shown)
    assert len(posted.check()) == 1
    assert ann.answered_once(shown)


def test_12_the_broker_is_away_after_the_ledger_has_accepted(house: House) -> None:
    """Given a bot that loses the connection with each message that it publishes, I expect the sweep to
    publish it, and the person to notice nothing."""
    ann = house.person()
    house.redis["bot"].set(Trap(word("LPUSH"), Deed.RESET, times=100))
    shown = ann.ask("/image a pigeon with a letter")
    ann.result(shown)
    house.said("bot", "not published, the sweep will")
    (job,) = house.check()
    assert ann.answered_once(shown)
    assert job.stamps["claimed"] - job.stamps["accepted"] >= house.stack.settings.unpublished_s


def test_14_the_same_update_many_times_at_once(posted: House) -> None:
    """Given one update that Telegram posts five times at once, I expect one job and one message."""
    ann = posted.person()
    together = threading.Barrier(TIMES)
    settings = posted.stack.settings
    update = {
        "update_id": 987_654_321,
        "message": {
            "message_id": 987_654,
            "date": 1_800_000_000,
            "chat": {"id": ann.id, "type": "private", "first_name": "Ann"},
            "from": {"id": ann.id, "is_bot": False, "first_name": "Ann", "language_code": "en"},
            "text": "/image an echo in the hills",
        },
    }

    def post(_: int) -> int:
        together.wait(10)
        headers = {"X-Telegram-Bot-Api-Secret-Token": settings.webhook_secret}
        url = f"{settings.webhook_url}/telegram"
        return httpx.post(url, json=update, headers=headers, trust_env=False).status_code

    with ThreadPoolExecutor(TIMES) as posting:
        assert set(posting.map(post, range(TIMES))) == {200}
    shown = posted.stack.telegram.wait_message(ann.id, lambda each: each["from"]["is_bot"])
    ann.result(shown)
    posted.check()
    assert [each["message_id"] for each in ann.told()] == [shown["message_id"]]


def pressed(ann: Person, shown: Message, button: str, times: int) -> list[str]:
    """Press a button so often at once; what the presses were answered, GONE where it was there no more."""
    together = threading.Barrier(times)

    def press(_: int) -> str:
        together.wait(10)
        return press_if_there(ann, shown, button)

    with ThreadPoolExecutor(times) as pressing:
        return sorted(pressing.map(press, range(times)))


def test_14_a_button_is_pressed_twice_at_once(house: House) -> None:
    """Given two presses of Cancel at once, I expect one end; of Again, one job: a double tap is one press."""
    ann = house.person()
    shown, before = house.running(ann, "a doorbell")
    answers = pressed(ann, shown, "Cancel", 2)
    assert set(answers) <= {"Cancelling…", "This one has ended already.", GONE}
    ann.see(shown, lambda each: buttons_of(each) == ["Again"])
    assert house.job_when(before.id, lambda job: job.told).state is State.CANCELLED
    eventually(lambda: ann.prediction("a doorbell")["status"] == "canceled")

    house.stack.provider.release()
    assert pressed(ann, shown, "Again", 2) == ["", ""]
    jobs = house.check()
    assert [job.state for job in jobs] == [State.CANCELLED, State.DELIVERED]


def test_14_the_update_of_a_press_comes_twice(house: House) -> None:
    """Given a press of Again whose update Telegram sends once more, I expect one job of it."""
    ann = house.person()
    shown = ann.make("/image a knock at the door")
    again = ann.press_for_more(shown, "Again")
    house.stack.telegram.replay(house.stack.telegram.state()["last_update_id"])
    house.said("bot", ann.job(again).id, '"Duplicate"')
    ann.result(again)
    assert len(house.check()) == 2
