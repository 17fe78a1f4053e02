"""Whatever people write is read in a time linear in its length: no text of one holds up the others."""

import functools
import time
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from telegram import Bot, Message, MessageEntity

from bot import incoming
from bot.handlers.admin import arguments
from bot.requests import talk
from bot.requests.builder import from_answer, from_text
from bot.requests.parser import Problem, RequestError, read
from chat.keyboards import unpack
from chat.texts import texts
from config.catalogue import load_catalogue
from config.prompt_rules import hits, parse
from config.settings import Settings
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State

CATALOGUE = load_catalogue(Settings())
MODEL = CATALOGUE.models["stable-diffusion-3"]
BOT = cast(Bot, SimpleNamespace(username="DarkroomBot"))
RULES = parse("a forbidden word\n/for+bidden/")
SHORT, TIMES = 2000, 8

UNITS = ["„ ", "“ ", "« ", '" ', "„“«", "—no a ", "--no ", "--", "-- ", "@a ", "/a ", "@a /", "a\u0301", "ﷺ "]
RUNS = ["\u0301\u0323", " ", "-", "@", "/", "a", '"', "„", "9", "\u3164"]
TEXTS = [("", unit) for unit in UNITS + RUNS] + [
    ("@a", " "),
    ("@", "a"),
    ("/", "a"),
    ("/a@", "a"),
    ("--", "a"),
]


def request(text: str) -> None:
    with suppress(RequestError):
        read(text, MODEL, CATALOGUE)


@functools.cache
def message_of(text: str) -> Message:
    marked = tuple(MessageEntity("mention", at, 2) for at in range(0, len(text) - 1, 3))
    found = SimpleNamespace(text=text, entities=marked, caption=text, caption_entities=marked)
    return cast(Message, found)


def entities(text: str) -> None:
    message = message_of(text)
    incoming.names(message, BOT)
    incoming.summons(message, BOT)


def admins_words(text: str) -> None:
    arguments.user_id(text)
    arguments.job_id(text)
    arguments.lane(text)


READERS: dict[str, Callable[[str], Any]] = {
    "request": request,
    "names and entities": entities,
    "command": incoming.after_command,
    "mention": lambda text: incoming.without_mention(text, "DarkroomBot"),
    "talk": talk.is_talk,
    "prompt filter": lambda text: hits(RULES, text),
    "press": unpack,
    "admin": admins_words,
    "language": texts,
}


def took(reader: Callable[[str], Any], text: str) -> float:
    """Processor time of this thread, the least of some."""
    found = []
    for _ in range(3):
        began = time.thread_time()
        reader(text)
        found.append(time.thread_time() - began)
    return min(found)


@pytest.mark.parametrize("name", READERS)
def test_the_time_to_read_grows_as_the_text_does(name: str) -> None:
    """Given texts of the kinds that make a reader look far ahead or go back, each once and once eight times
    as long, I expect eight times the work; its square would be sixty-four."""
    reader = READERS[name]
    for prefix, unit in TEXTS:
        short = (prefix + unit * SHORT)[:SHORT]
        long = (prefix + unit * SHORT * TIMES)[: SHORT * TIMES]
        before = took(reader, short)
        # Below a third of a millisecond it is the clock that is measured.
        assert took(reader, long) < 3 * TIMES * max(before, 0.0003), (prefix, unit)


def test_a_text_longer_than_any_request_is_measured_and_not_read() -> None:
    """Given text that is far too long, as a request or as the answer to a result, and of which each word is
    an unknown option, I expect to be told of its length, which is looked at first."""
    text = "--nonsense " * 400
    origin = Origin(1, 1, 1)
    old = Job("fox", Request(Kind.IMAGE, MODEL.name, "a fox"), origin, Tier.REGULAR, Lane.IMG, State.STORED)
    with pytest.raises(RequestError) as caught:
        from_text(text, Kind.IMAGE, {}, CATALOGUE, 1500)
    assert caught.value.problem is Problem.TOO_LONG
    assert caught.value.values == {"count": len(text), "limit": 1500}
    with pytest.raises(RequestError) as caught:
        from_answer(text, Kind.IMAGE, old, {}, CATALOGUE, 1500)
    assert caught.value.problem is Problem.TOO_LONG


def test_a_prompt_and_a_text_option_of_full_length_fit_beside_each_other() -> None:
    chosen = {"model:image": MODEL.name}
    made = from_text(
        f"{'x' * 1500} --ar 16:9 --seed 4 --no {'y' * 1500}", Kind.IMAGE, chosen, CATALOGUE, 1500
    )
    assert (len(made.prompt), len(str(made.options["no"]))) == (1500, 1500)


def test_a_name_that_is_all_of_the_text_is_compared_with_none() -> None:
    """Given an option or a command with a name of thousands of letters, I expect no near one to be found."""
    with pytest.raises(RequestError) as caught:
        read("--" + "sed" * 1000, MODEL, CATALOGUE)
    assert caught.value.values["close"] == ""
