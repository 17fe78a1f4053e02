"""Denial of wallet: people whose every request is paid for and then fails, as fast as they can ask."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from acceptance.person import Person

from config.settings import ROOT
from jobs.failures import GIFTS
from jobs.states import State
from sandbox.stack import Stack
from stand.telegram.client import StandError

from .invariants import assert_invariants
from .stage import calm, staged

log = logging.getLogger(__name__)
pytestmark = pytest.mark.faults

SPELL_S = 30.0
BURST, PER_S = 3, 3 / 60
"""USER_RATE_LIMIT of 3/m."""
PAID_FAILURES = ("fail", "wrong_type", "huge_output", "never_finishes", "refuse")
"""What the provider is paid for, and nobody gets: the last by the person's own fault."""
CANCELLED = "cancelled"
SORTS = (*PAID_FAILURES, CANCELLED)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With models that must be ready within 3 s, files of 1 MB at most, and a rate for each person."""
    models = tmp_path_factory.mktemp("models") / "models.toml"
    text = (ROOT / "sandbox" / "models.toml").read_text(encoding="utf-8")
    models.write_text(text.replace("deadline_s = 120", "deadline_s = 3"), encoding="utf-8")
    settings = {
        "MODELS_FILE": str(Path(models)),
        "USER_RATE_LIMIT": "3/m",
        "ACTIVE_JOBS": "3",
        "MEDIA_MAX_BYTES": "1000000",
    }
    with staged(settings=settings) as started:
        yield started


@pytest.fixture
def paid_for(stack: Stack) -> Iterator[Callable[[str], int]]:
    """How many submissions there are whose prompt begins so."""

    def count(name: str) -> int:
        return sum(1 for each in stack.provider.submissions() if str(each["prompt"]).startswith(name))

    yield count
    calm(stack)


def cancel_on(person: Person, over: threading.Event) -> None:
    """Press Cancel under each request for that sort as soon as the provider has it."""
    while not over.wait(0.1):
        for job in person.stack.users.active(person.id):
            wanted = CANCELLED in job.request.prompt and job.state is State.RUNNING and not job.cancel
            if wanted and job.message:
                # The button may be gone by now.
                with contextlib.suppress(StandError):
                    person.stack.telegram.press(person.id, job.message, "Cancel")


def ask_on(person: Person, name: str, sorts: tuple[str, ...], over: threading.Event) -> None:
    """Ask for these sorts in turn, whatever is answered."""
    number = 0
    while not over.wait(0.2):
        person.stack.telegram.send(person.id, f"/image {name} number {number} {sorts[number % len(sorts)]}")
        number += 1


def test_paid_failures_are_bounded_by_the_rate(stack: Stack, paid_for: Callable[[str], int]) -> None:
    """Given one person for each sort of request that is paid for and comes to nothing, and one who knows them
    all, each of whom asks five times a second for 30 s, I expect none to have more submitted than the rate
    and the two gifts of an hour let through, and each to have had these."""
    for kind in PAID_FAILURES:
        stack.provider.fault(kind, on="prediction", match=kind, times=0)
    stack.provider.fault("never_finishes", on="prediction", match=CANCELLED, times=0)
    asking = {sort: (sort,) for sort in SORTS} | {"everything": SORTS}
    people = {name: Person(stack, name) for name in asking}
    over, began = threading.Event(), time.monotonic()
    with ThreadPoolExecutor(2 * len(people)) as crowd:
        doing = [crowd.submit(ask_on, people[name], name, sorts, over) for name, sorts in asking.items()]
        doing += [crowd.submit(cancel_on, person, over) for person in people.values()]
        time.sleep(SPELL_S)
        over.set()
        for each in doing:
            each.result()
    took_s = time.monotonic() - began
    assert_invariants(stack, [person.id for person in people.values()])
    paid = {name: paid_for(name) for name in people}
    log.info("submissions in %.1f s: %s", took_s, paid)
    most = BURST + took_s * PER_S + GIFTS
    assert not {name: count for name, count in paid.items() if count > most}, (most, paid)
    assert not {name: count for name, count in paid.items() if count < BURST}, paid
