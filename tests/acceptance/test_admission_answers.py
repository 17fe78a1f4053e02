"""Every answer of admission, as people see it in their chat, in English and in Russian."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.states import State
from ledger import keys
from ledger.connection import connect
from sandbox.stack import Stack

from .conftest import QUICK, SMALL
from .person import Person, buttons_of, eventually, text_of, versions

LIMITS = {"ACTIVE_JOBS": "2", "LANE_BACKLOG": "2", "WORKER_SLOTS": "2", "USER_RATE_LIMIT": "3/h"}
LANGUAGES = pytest.mark.parametrize("language", ["en", "ru"])


@pytest.fixture(scope="module")
def narrow() -> Iterator[Stack]:
    """Two slots, two may wait, and a user may have two jobs at a time and three an hour."""
    with Stack(("bot", "worker-image", "deliver"), QUICK | LIMITS, SMALL) as started:
        started.telegram.limits(enabled=False)
        yield started


@pytest.fixture(autouse=True)
def released(narrow: Stack) -> Iterator[None]:
    """What a test holds back at the provider is let go after it."""
    yield
    narrow.provider.release()
    client = connect(narrow.settings.redis_url)
    eventually(lambda: not any(client.zcard(keys.in_state(state)) for state in State))
    client.close()


def person(stack: Stack, language: str) -> Person:
    return Person(stack, "Ann" if language == "en" else "Аня", language)


def words(language: str, english: str, russian: str, message: dict[str, Any]) -> bool:
    """Whether the message says it in the person's language."""
    return re.search(english if language == "en" else russian, text_of(message)) is not None


@LANGUAGES
def test_accepted_is_a_place_in_the_queue_and_then_the_picture(narrow: Stack, language: str) -> None:
    ann = person(narrow, language)
    shown = ann.result(ann.ask(f"/image an accepted fox {language}"))
    first = versions(shown)[0]
    assert re.match(r"Queued #1|Starting" if language == "en" else r"В очереди: №1|Начинаю", first), first
    assert buttons_of(shown)[:2] == (["Again", "Variation"] if language == "en" else ["Ещё раз", "Вариация"])


@LANGUAGES
def test_a_duplicate_changes_nothing_in_the_chat(narrow: Stack, language: str) -> None:
    """Given the update once more, as Telegram repeats it to a bot that died, nothing is made anew."""
    ann = person(narrow, language)
    prompt = f"a repeated fox {language}"
    ann.result(ann.ask(f"/image {prompt}"))
    log = narrow.programs["bot"].log_text.count('"Duplicate"')
    narrow.telegram.replay(narrow.telegram.state()["last_update_id"])
    eventually(lambda: narrow.programs["bot"].log_text.count('"Duplicate"') > log)
    assert text_of(ann.ask("/jobs"))
    assert len(ann.predictions(prompt)) == 1
    assert len(ann.told()) == 2


def seed_of(result: dict[str, Any]) -> int:
    """The seed that a result's caption tells."""
    found = re.search(r"seed ([0-9]+)", result["caption"])
    assert found, result["caption"]
    return int(found[1])


@LANGUAGES
def test_the_same_words_again_come_from_the_cache_and_say_so(narrow: Stack, language: str) -> None:
    """Given a picture of a moment ago, another person gets it in one message, and may have it anew."""
    ann, bob = person(narrow, language), person(narrow, language)
    prompt = f"a cached fox {language}"
    first = ann.make(f"/image {prompt}")
    done = ann.job(first)
    with connect(narrow.settings.cache_redis()) as cache:
        eventually(lambda: cache.exists(keys.cached(done.digest)))
    shown = bob.result(bob.ask(f"/image {prompt.upper()}"))
    assert len(ann.predictions(prompt)) == 1
    assert words(language, "made a moment ago for the same words", "сделано недавно по тем же словам", shown)
    assert seed_of(shown) == seed_of(first) == ann.prediction(prompt)["input"]["seed"]
    assert len(shown["edits"]) == 1
    anew = "Draw anew" if language == "en" else "Нарисовать заново"
    assert buttons_of(shown)[0] == anew
    bob.result(bob.press_for_more(shown, anew))
    assert (
        len([each for each in narrow.provider.predictions() if each["input"]["prompt"].lower() == prompt])
        == 2
    )


@LANGUAGES
def test_whoever_asks_for_the_same_at_the_same_time_shares_it(narrow: Stack, language: str) -> None:
    """Given two people with the same words at once, one is paid for; the first one's cancel spares it."""
    narrow.provider.hold()
    ann, bob = person(narrow, language), person(narrow, language)
    prompt = f"a shared fox {language}"
    first = ann.ask(f"/image {prompt}")
    ann.prediction(prompt)
    second = bob.ask(f"/image {prompt}")
    ann.press(first, "Cancel" if language == "en" else "Отменить")
    ended = ann.see(first, lambda each: words(language, "Cancelled", "Отменено", each))
    narrow.provider.release()
    assert seed_of(bob.result(second)) == ann.prediction(prompt)["input"]["seed"]
    assert ended["media"] is None
    assert len(ann.predictions(prompt)) == 1
    assert ann.predictions(prompt)[0]["status"] == "succeeded"


@LANGUAGES
def test_a_limited_person_is_told_the_exact_wait_once(narrow: Stack, language: str) -> None:
    """Given three an hour, the fourth is told when the next one is possible, the fifth hears nothing more."""
    ann = person(narrow, language)
    for number in range(3):
        ann.make(f"/image limited fox {number} {language}")
    refused = ann.ask(f"/image limited fox 3 {language}")
    assert words(language, r"next request in 20 min", r"следующий запрос через 20 минут", refused)
    narrow.telegram.send(ann.id, f"/image limited fox 4 {language}")
    assert text_of(ann.ask("/jobs"))
    assert (
        len([each for each in ann.told() if words(language, "That is your limit", "Пока это предел", each)])
        == 1
    )


@LANGUAGES
def test_a_person_with_too_many_active_jobs_is_told_to_wait_for_one(narrow: Stack, language: str) -> None:
    narrow.provider.hold()
    ann = person(narrow, language)
    for number in range(2):
        ann.ask(f"/image busy fox {number} {language}")
    refused = ann.ask(f"/image busy fox 2 {language}")
    assert words(language, r"2 jobs of yours are still on their way", r"Ещё готовятся 2 ваши работы", refused)


@LANGUAGES
def test_a_full_lane_says_when_to_come_back(narrow: Stack, language: str) -> None:
    """Given two at work and two waiting, the next person is told to try again later, and when."""
    narrow.provider.hold()
    people = [person(narrow, language) for _ in range(5)]
    for number, each in enumerate(people[:4]):
        each.ask(f"/image crowded fox {number} {language}")
        if number < 2:
            each.prediction(f"crowded fox {number} {language}")
    refused = people[4].ask(f"/image crowded fox 4 {language}")
    assert words(language, r"So many are waiting .* in about \d+", r"Очередь полна.* через \d+", refused)


@LANGUAGES
def test_a_blocked_person_is_told_so(narrow: Stack, language: str) -> None:
    ann = person(narrow, language)
    client = connect(narrow.settings.redis_url)
    client.sadd(keys.blocked(), str(ann.id))
    client.close()
    refused = ann.ask("/image a blocked fox")
    assert words(
        language, "I take no requests from this account", "Запросы с этого аккаунта я не принимаю", refused
    )
