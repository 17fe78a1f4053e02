"""A cancel and the end of a job meet at every moment that there is; one of the two wins, and only one."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from acceptance.person import Message, Person, buttons_of, eventually, text_of

from jobs.model import Job
from jobs.states import State

from .house import House
from .stage import press_if_there

pytestmark = pytest.mark.faults

JOBS = 40
LONGEST_S = 1.5
"""A job takes about half of this."""
CANCEL = "Cancel"


def press(person: Person, shown: Message) -> bool:
    """Press Cancel, unless the button is gone by now; whether the bot said that it cancels."""
    return press_if_there(person, shown, CANCEL).startswith("Cancel")


def ended_of(house: House, people: list[Person]) -> dict[int, Job]:
    """User -> job, once all have ended and no message offers to cancel: an edit of progress that arrives
    after the end is mended at once, not before."""
    eventually(lambda: all(buttons_of(each) != [CANCEL] for person in people for each in person.told()))
    return {job.origin.user: job for job in house.check()}


def test_a_cancel_at_any_moment(house: House) -> None:
    """Given many jobs and a cancel of each at a random moment of its life, I expect every one to end once,
    as a result or as cancelled, and that what the person was told is true."""
    dice = random.Random(23)
    people = house.people(JOBS)

    def story(person: Person) -> tuple[Person, bool]:
        shown = person.ask(f"/image a coin on its edge {person.id}")
        time.sleep(dice.uniform(0, LONGEST_S))
        return person, press(person, shown)

    with ThreadPoolExecutor(8) as many:
        told = dict(many.map(story, people))
    ended = ended_of(house, people)
    assert len(ended) == JOBS
    assert {job.state for job in ended.values()} <= {State.DELIVERED, State.CANCELLED}
    for person, cancelled in told.items():
        state = ended[person.id].state
        (only,) = person.told()
        assert bool(only["media"]) == (state is State.DELIVERED)
        assert (text_of(only) == "Cancelled.") == (state is State.CANCELLED)
        if state is State.CANCELLED:
            assert cancelled


def test_a_cancel_at_the_very_moment_of_completion(house: House) -> None:
    """Given predictions that succeed just as their jobs are cancelled, I expect one end each."""
    house.stack.provider.hold()
    people = house.people(16)
    shown = {person: person.ask(f"/image a photo finish {person.id}") for person in people}
    for person, message in shown.items():
        person.job_when(message, lambda job: job.prediction)
    together = threading.Barrier(len(people) + 1)

    def story(person: Person) -> None:
        together.wait(20)
        press(person, shown[person])

    with ThreadPoolExecutor(len(people)) as many:
        pressing = [many.submit(story, person) for person in people]
        together.wait(20)
        house.stack.provider.release()
        for each in pressing:
            each.result(20)
    ended = ended_of(house, people)
    assert len(ended) == len(people)
    assert {job.state for job in ended.values()} <= {State.DELIVERED, State.CANCELLED}
    # What was cancelled in time is not left to run at the provider.
    running = [each for each in house.stack.provider.predictions() if each["status"] == "processing"]
    assert not running


def test_a_cancelled_leader_leaves_its_prediction_to_those_who_share_it(house: House) -> None:
    """Given identical requests of several people that share one prediction, and the first who cancels while
    it ends, I expect all others to have the result, and one payment."""
    house.stack.provider.hold()
    first, *others = house.people(5)
    words = f"/image the same lamp --seed {first.id}"
    shown = first.ask(words)
    first.job_when(shown, lambda job: job.prediction)
    waiting = [(person, person.ask(words)) for person in others]
    cancelling = threading.Thread(target=press, args=(first, shown))
    cancelling.start()
    house.stack.provider.release()
    cancelling.join(20)
    for person, message in waiting:
        person.result(message)
    ended = ended_of(house, [first, *others])
    made = [each for each in house.stack.provider.submissions() if each["prompt"] == "the same lamp"]
    assert len(made) == 1
    assert [ended[person.id].state for person in others] == [State.DELIVERED] * len(others)
