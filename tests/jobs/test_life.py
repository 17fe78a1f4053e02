"""A job's life, told from its events."""

from dataclasses import replace

import pytest

from bot.handlers.admin.job import describe
from jobs.life import Event, Life, LifePart, parse
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State

PROMPT = "a red fox"
FOX = Job(
    id="abcdefghij234567abcd",
    request=Request(Kind.IMAGE, "sketch", PROMPT),
    origin=Origin(7, 7, 5, "en"),
    tier=Tier.REGULAR,
    lane=Lane.IMG,
    state=State.DELIVERED,
    prediction="p1",
    message=6,
    crashes=1,
    told=True,
)
TWO_WORKERS = [
    Event(100.0, "accepted"),
    Event(100.1, "queued"),
    Event(100.5, "posted"),
    Event(101.0, "claimed", "one"),
    Event(101.1, "submitting"),
    Event(101.2, "unsent"),
    Event(102.2, "submitting"),
    Event(103.0, "running"),
    Event(105.0, "lapsed", "one"),
    Event(106.0, "resumed", "two"),
    Event(108.0, "storing"),
    Event(108.5, "stored"),
    Event(109.0, "delivering", "three"),
    Event(109.5, "put_off", "three"),
    Event(110.5, "resumed", "three"),
    Event(111.0, "delivered"),
]


def test_the_parts_say_who_had_it_when_without_gaps() -> None:
    life = Life(FOX, TWO_WORKERS, now=200.0)
    parts = life.parts()
    assert [(part.state, part.who) for part in parts] == [
        (State.ACCEPTED, ""),
        (State.QUEUED, ""),
        (State.CLAIMED, "one"),
        (State.SUBMITTING, "one"),
        (State.RUNNING, "one"),
        (State.RUNNING, ""),
        (State.RUNNING, "two"),
        (State.STORING, "two"),
        (State.STORED, ""),
        (State.DELIVERING, "three"),
        (State.DELIVERING, ""),
        (State.DELIVERING, "three"),
    ]
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]
    assert (parts[0].start, parts[-1].end) == (100.0, 111.0)
    assert life.workers == ["one", "two", "three"]
    assert life.attempts == 2


def test_what_has_not_ended_lasts_until_now() -> None:
    """Also a failure that the chat has not been told of; one that it has been told of ends with that."""
    running = Life(replace(FOX, state=State.RUNNING, told=False), TWO_WORKERS[:8], now=110.0)
    assert running.parts()[-1] == LifePart(State.RUNNING, "one", 103.0, 110.0)
    failure = [*TWO_WORKERS[:4], Event(104.0, "failed")]
    owed = Life(replace(FOX, state=State.FAILED, told=False), failure, now=110.0)
    assert owed.parts()[-1] == LifePart(State.FAILED, "", 104.0, 110.0)
    end = [*failure, Event(105.0, "telling", "three"), Event(106.0, "told")]
    told = Life(replace(FOX, state=State.FAILED), end, now=110.0)
    assert told.parts()[-2:] == [
        LifePart(State.FAILED, "", 104.0, 105.0),
        LifePart(State.FAILED, "three", 105.0, 106.0),
    ]


def test_a_job_that_shares_anothers_result_was_held_by_nobody() -> None:
    shared = [
        Event(100.0, "accepted"),
        Event(100.0, "sharing", "job:other"),
        Event(103.0, "stored", "job:other"),
        Event(104.0, "delivering", "three"),
        Event(105.0, "delivered"),
    ]
    life = Life(FOX, shared, now=200.0)
    assert life.workers == ["three"]
    assert [(part.state, part.who) for part in life.parts()] == [
        (State.SHARING, ""),
        (State.STORED, ""),
        (State.DELIVERING, "three"),
    ]


def test_only_who_asks_for_the_words_gets_them() -> None:
    life = Life(FOX, TWO_WORKERS, now=200.0)
    assert PROMPT not in str(life.facts())
    assert ("prompt", PROMPT) in life.facts(prompt=True)
    assert ("prediction", "p1") in life.facts()


def test_admins_get_it_in_one_message_however_long_it_was() -> None:
    """Given a hundred events and a long prompt of characters that Telegram counts twice, the message fits,
    has the first and the last event, and says how many are left out."""
    text = describe(Life(FOX, TWO_WORKERS, now=200.0))
    assert "paid calls: 2 begun\n" in text
    assert "+6.000 s · resumed · two\n" in text
    assert text.endswith("+11.000 s · delivered")
    events = [Event(100.0 + n, "resumed", f"a-host-of-some-name:{n}:abcdef") for n in range(99)]
    wordy = replace(FOX, request=replace(FOX.request, prompt="🦊" * 1000))
    text = describe(Life(wordy, [Event(99.0, "accepted"), *events], now=200.0))
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert " · accepted\n" in text
    assert text.endswith("a-host-of-some-name:98:abcdef")
    assert " events …\n" in text


@pytest.mark.parametrize(
    ("entry", "event"),
    [
        ("1500 accepted", Event(1.5, "accepted")),
        ("1500 claimed host:1:a", Event(1.5, "claimed", "host:1:a")),
    ],
)
def test_an_entry_is_read_as_it_is_written(entry: str, event: Event) -> None:
    assert parse(entry) == event
