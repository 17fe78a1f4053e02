"""One user sends a thousand requests at once; everybody else hardly notices."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from acceptance.person import Message, Person, eventually, text_of

from ledger import keys
from ledger.admission import TELL_AGAIN_S
from ledger.connection import connect
from sandbox.stack import Stack

from .invariants import assert_invariants
from .stage import calm, forget_durations, make_vip, staged

pytestmark = pytest.mark.faults

REQUESTS = 1000
HISTORY = 3 * REQUESTS
"""Messages that a chat keeps: the results of a flood's first requests are looked for behind it."""
ACTIVE = 3
RATE = 5
PROMPT_S = 10.0
"""In the middle of it others have a result within this time, on a machine that does much else; answers that
wait for a loud user's chat would take up to a minute."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Requests and calls to Telegram are limited, as they are in production."""
    settings = {
        "ACTIVE_JOBS": str(ACTIVE),
        "USER_RATE_LIMIT": "1000/h",
        "VIP_ACTIVE_JOBS": "1000",
        "VIP_USER_RATE_LIMIT": f"{RATE}/h",
        "TELEGRAM_RATE_PER_S": "30",
        "TELEGRAM_CHAT_RATE_PER_S": "1",
    }
    processes = ("bot", "worker-image", "worker-vip", "deliver")
    with staged(processes, settings, telegram=("--history", str(HISTORY))) as started:
        started.telegram.limits(enabled=True)
        yield started


@pytest.fixture
def vip(stack: Stack) -> Iterator[Person]:
    """Somebody with a grant; in the end nothing is left over, and the invariants hold for all."""
    person = Person(stack, "Vip")
    make_vip(person)
    yield person
    calm(stack)
    assert_invariants(stack)
    forget_durations(stack)


def counted(stack: Stack) -> dict[str, int]:
    """Admission's answers so far."""
    with connect(stack.settings.ledger_redis()) as client:
        counts: Any = client.hgetall(keys.counts())
    answers = {name.partition(":")[::2]: int(value) for name, value in counts.items()}
    return {answer: times for (group, answer), times in answers.items() if group == "admissions"}


def all_at_once(send: Callable[[int], object], count: int, meanwhile: Callable[[], None]) -> None:
    """So many calls of `send`, and something else in the middle of them."""
    with ThreadPoolExecutor(5) as many:
        sending = [many.submit(send, number) for number in range(count)]
        sending[count // 4].result(60)
        meanwhile()
        for each in sending:
            each.result(60)


def refusals(person: Person) -> list[Message]:
    """What the bot has said to them that is no job's message."""
    return [each for each in person.told() if not each["edits"][0]["buttons"]]


def is_served(vip: Person, prompt: str) -> None:
    """The VIP asks now, and has the result before long."""
    asked = time.monotonic()
    shown = vip.ask(f"/image {prompt}")
    vip.stack.provider.release(str(vip.prediction(prompt)["id"]))
    vip.result(shown)
    assert time.monotonic() - asked < PROMPT_S


def test_a_flood_beyond_the_active_jobs(stack: Stack, vip: Person) -> None:
    """Given a thousand requests of somebody whose jobs take long, I expect as many to be accepted as they may
    have at a time, one refusal in each window, and a VIP's job to be made meanwhile."""
    stack.provider.hold()
    loud, began, before = Person(stack, "Loud"), time.monotonic(), counted(stack)

    def send(number: int) -> None:
        stack.telegram.send(loud.id, f"/image a drum {number}")

    all_at_once(send, REQUESTS, lambda: is_served(vip, "a quiet room"))
    eventually(lambda: counted(stack).get("busy", 0) == REQUESTS - ACTIVE, 60)
    windows = 1 + (time.monotonic() - began) // TELL_AGAIN_S
    assert counted(stack)["accepted"] - before.get("accepted", 0) == ACTIVE + 1
    assert len(stack.users.history(loud.id, 50)) == ACTIVE
    said = [text_of(each) for each in eventually(lambda: refusals(loud))]
    assert set(said) == {f"{ACTIVE} jobs of yours are still on their way. Wait for one, or /cancel one."}
    assert len(said) <= windows


def test_a_flood_beyond_the_rate(stack: Stack, vip: Person) -> None:
    """Given a thousand requests of a loud VIP, I expect exactly those that the rate allows, and one refusal:
    the next place in the bucket is minutes away. Another VIP in the same lane is served."""
    stack.provider.hold()
    loud, before = Person(stack, "Loud"), counted(stack)
    make_vip(loud)

    def send(number: int) -> None:
        stack.telegram.send(loud.id, f"/image a gong {number}")

    all_at_once(send, REQUESTS, lambda: is_served(vip, "a quiet garden"))
    eventually(lambda: counted(stack).get("limited", 0) == REQUESTS - RATE, 60)
    assert counted(stack)["accepted"] - before.get("accepted", 0) == RATE + 1
    assert len(stack.users.history(loud.id, 50)) == RATE
    (said,) = eventually(lambda: refusals(loud))
    assert text_of(said).startswith("That is your limit for now; next request in ")


def test_a_flood_of_talk(stack: Stack, vip: Person) -> None:
    """Given a few people who send what has to be answered far faster than their chats may be written to, I
    expect the answers that wait for their turn not to hold up others."""
    loud = [Person(stack, f"Loud {number}") for number in range(5)]

    def send(number: int) -> None:
        stack.telegram.sticker(loud[number % len(loud)].id)

    all_at_once(send, 400, lambda: is_served(vip, "a quiet pond"))
