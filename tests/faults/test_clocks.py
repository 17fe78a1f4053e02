"""Workers on machines whose clocks are ten minutes behind and ten minutes ahead: nobody notices."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.person import eventually

from jobs.states import State

from .house import LINES, House, built
from .invariants import accounted

pytestmark = pytest.mark.faults

OFF_S = {"first": -600, "second": 600}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Two workers that make and give pictures, one too early and one too late, and a bot that is right."""
    program = Path(__file__).with_name("wrong_clock.py")
    lines = {"bot": LINES["bot"]}
    for name, seconds in OFF_S.items():
        line = LINES["second"].replace("second", name).removeprefix("celery ")
        lines[name] = f"env PYTHONPATH=. {sys.executable} {program} {seconds} {line}"
    with built(lines) as house, accounted(house.stack.settings.redis_url):
        yield house


@pytest.mark.parametrize("dies", sorted(OFF_S))
def test_a_job_goes_from_one_machine_to_the_other(house: House, dies: str) -> None:
    """Given the worker with the one wrong clock that dies over a prediction, I expect the one with the other
    wrong clock to look for it at once, to wait for its end, and to give the result."""
    house.heal()
    (other,) = OFF_S.keys() - {dies}
    ann, prompt = house.person(), f"a clock that stopped in the {dies} house"
    house.kill(other)
    shown, job = house.running(ann, prompt)
    assert house.holder(job) == dies
    house.kill(dies)
    house.start(other)
    assert house.holder(house.taken_over(job)) == other
    before = ann.prediction(prompt)["gets"]
    eventually(lambda: ann.prediction(prompt)["gets"] >= before + 3)
    house.stack.provider.release()
    ann.result(shown)
    (ended,) = house.check()
    assert (ended.state, ended.crashes) == (State.DELIVERED, 1)
    assert ann.prediction(prompt)["status"] == "succeeded"


def test_a_submission_of_unknown_outcome_is_found_on_both(house: House) -> None:
    """Given submissions whose answers were lost, I expect each to be found, whichever worker looks for it."""
    house.heal()
    people = house.people(4)
    prompts = [f"an hourglass, {number}" for number in range(len(people))]
    for prompt in prompts:
        house.stack.provider.fault("drop_answer", "create", match=prompt)
    shown = [person.ask(f"/image {prompt}") for person, prompt in zip(people, prompts, strict=True)]
    for person, message in zip(people, shown, strict=True):
        person.result(message)
    assert {job.state for job in house.check()} == {State.DELIVERED}
    assert [house.stack.provider.total(prompt) for prompt in prompts] == [1] * len(prompts)
