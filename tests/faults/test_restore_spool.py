"""The restore drill from a backup of jobs in all states, and of updates that wait in the spool."""

from functools import partial
from pathlib import Path

import pytest
from acceptance.person import Message, Person, buttons_of, eventually, text_of

from jobs.failures import Failure
from jobs.model import Lane
from jobs.states import State
from ledger import keys
from ledger.admin.controls import Controls
from ledger.queues.durable_queue import UPDATES
from sandbox.stack import Stack

from .house import House, answers_to
from .invariants import assert_invariants
from .stage import backup, calm
from .trap import Trap

pytestmark = pytest.mark.faults

PROCESSES = ("bot", "first", "deliver")
CREATE = rb"POST /v1/\S*predictions HTTP"
Shown = dict[State, tuple[Person, Message]]


def in_state(house: House, state: State, prompt: str, shown: Shown) -> None:
    """Somebody asks, and their job comes to be in this state."""
    person = house.person(f"Ann {state}")
    message = person.ask(f"/image {prompt}")
    person.job_when(message, lambda job: job.state is state)
    shown[state] = person, message


def in_all_states(house: House, room: str) -> Shown:
    """One job in each state that lasts; more of them in `running`. The lane is paused in the end."""
    stack, shown = house.stack, Shown()
    in_state(house, State.DELIVERED, f"{room}: a drawer that is shut", shown)
    stack.provider.fault("fail", "prediction", match=f"{room}: a drawer that is stuck")
    in_state(house, State.FAILED, f"{room}: a drawer that is stuck", shown)
    stack.provider.fault("500", "output", match=f"{room}: a drawer that is pulled", times=0)
    in_state(house, State.STORING, f"{room}: a drawer that is pulled", shown)
    stack.telegram.fault("delay", method="editMessageMedia", seconds=600)
    in_state(house, State.DELIVERING, f"{room}: a drawer that is handed over", shown)
    house.program("deliver").stop()
    in_state(house, State.STORED, f"{room}: a drawer that is full", shown)
    stack.provider.hold()
    in_state(house, State.RUNNING, f"{room}: a drawer of two --seed 5", shown)
    in_state(house, State.SHARING, f"{room}: a drawer of two --seed 5", shown)
    ann = house.person()
    message = ann.ask(f"/image {room}: a drawer that nobody wants")
    ann.job_when(message, lambda job: job.state is State.RUNNING)
    ann.press(message, "Cancel")
    ann.job_when(message, lambda job: job.state is State.CANCELLED)
    shown[State.CANCELLED] = ann, message
    house.provider.set(Trap(CREATE))
    in_state(house, State.SUBMITTING, f"{room}: a drawer on its way", shown)
    assert Controls(house.client).pause(Lane.IMG, by=1)
    in_state(house, State.QUEUED, f"{room}: a drawer at the end of the line", shown)
    return shown


def in_the_spool(house: House, people: list[Person], room: str) -> list[Message]:
    """What these people have written is kept, and is being dealt with."""
    trap = house.set(Trap(rb"fair_share", times=1000), ["bot"])
    words = f"/image {room}: a drawer in the post"
    asked = [house.stack.telegram.send(each.id, words) for each in people]
    trap.wait(times=len(people), within_s=60)
    assert house.client.zcard(keys.spool(UPDATES)) == len(people)
    return asked


def go_on(house: House) -> None:
    """All that was held goes on."""
    for link in (*house.redis.values(), house.provider):
        link.heal()
    calm(house.stack)
    house.program("deliver").continue_()
    Controls(house.client).resume(Lane.IMG, by=1)


def pictures(person: Person) -> int:
    return len([each for each in person.told() if each["media"]])


@pytest.mark.parametrize("since", ["all was done", "nothing was done"])
def test_25_a_backup_in_mid_spool(posted: House, tmp_path: Path, since: str) -> None:
    """Given a backup of jobs in all states and of three updates in the spool, when the ledger is lost at
    once, or after all of that was done, I expect each job to end in one result or one clear message, nothing
    to be paid for twice, and those whose updates waited to be asked to send them again, once."""
    stack, shelf = posted.stack, ("--url", str(tmp_path / "backups"))
    shown = in_all_states(posted, since)
    writers = [Person(stack, f"Olga {number}") for number in range(3)]
    asked = in_the_spool(posted, writers, since)
    backup(stack, *shelf, "create")
    done = since == "all was done"
    if done:
        go_on(posted)
        for state in shown.keys() - {State.FAILED, State.CANCELLED}:
            person, message = shown[state]
            person.result(message)
        for writer, said in zip(writers, asked, strict=True):
            writer.result(eventually(partial(answers_to, writer, said))[0])
    paid = len(stack.provider.submissions())
    posted.kill(*PROCESSES)
    posted.client.flushall()

    report = backup(stack, *shelf, "restore", "latest")
    assert f"{len(writers)} update(s) from Telegram had been waiting" in report
    go_on_after(posted, stack)
    found = assert_invariants(stack, [person.id for person, _ in shown.values()], within_s=60)
    assert len(found) == len(shown)
    # What may have been submitted since the backup is looked for, and never submitted again.
    assert len(stack.provider.submissions()) == paid
    for state, (person, message) in shown.items():
        job = person.job(message)
        lost = not done and state in (State.SUBMITTING, State.QUEUED)
        wanted = State.FAILED if lost else State.DELIVERED
        if state in (State.FAILED, State.CANCELLED):
            wanted = state
        assert (job.state, lost) == (wanted, job.failure is Failure.UNKNOWN_OUTCOME)
        assert person.answered_once(message)
        assert not [each for each in person.told() if "Cancel" in buttons_of(each)]
    for writer in writers:
        stack.telegram.wait_message(writer.id, lambda each: "send it again" in text_of(each))
        assert pictures(writer) == done
        assert len([each for each in writer.told() if "send it again" in text_of(each)]) == 1
    writers[0].make("/image a drawer after all")
    assert posted.client.zcard(keys.spool(UPDATES)) == 0


def go_on_after(house: House, stack: Stack) -> None:
    """The house is started again; the backup has the lane paused."""
    for link in (*house.redis.values(), house.provider):
        link.reset()
        link.heal()
    calm(stack)
    house.start(*PROCESSES)
    Controls(house.client).resume(Lane.IMG, by=1)
