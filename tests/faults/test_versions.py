"""Old and new releases side by side: what a process cannot read it leaves to one that can."""

from collections.abc import Mapping
from typing import Any

import pytest

from jobs.model import Lane
from jobs.states import State
from ledger import keys
from ledger.admin.controls import Controls

from .house import MAKERS, House

pytestmark = pytest.mark.faults

Record = Mapping[Any, Any]
OF_A_NEWER_RELEASE: Record = {"version": "99", "kind": "hologram"}
WRITTEN_HERE: Record = {"version": "1", "kind": "image"}


def test_a_record_of_a_newer_release_is_left_to_it(house: House) -> None:
    """Given a job at the head of its lane whose record only a newer release can read, I expect these workers
    to make those behind it, their sweep to go on, and the job to be made once somebody can read it."""
    ann, bob = house.people(2)
    lanes = Controls(house.client)
    lanes.pause(Lane.IMG, by=1)
    first = ann.ask("/image a lamp of tomorrow")
    job = ann.job_when(first, lambda job: job.state is State.QUEUED)
    house.client.hset(keys.job(job.id), mapping=OF_A_NEWER_RELEASE)
    lanes.resume(Lane.IMG, by=1)

    bob.result(bob.ask("/image a lamp of today"))
    shown, held = house.running(bob, "a lamp that went out")
    house.kill(house.holder(held))
    house.taken_over(held)
    house.stack.provider.release()
    bob.result(shown)
    record = house.client.hgetall(keys.job(job.id))
    assert isinstance(record, dict)
    assert (record["state"], record["version"], record["owner"]) == ("queued", "99", "")

    house.client.hset(keys.job(job.id), mapping=WRITTEN_HERE)
    ann.result(first)
    house.start(*MAKERS)
    house.check()


@pytest.mark.parametrize(
    ("task", "arguments"),
    [("generate.v9", []), ("generate", ["of tomorrow"]), ("deliver", ["of tomorrow"])],
    ids=["task", "argument of generate", "argument of deliver"],
)
def test_a_message_of_a_newer_release_does_no_harm(house: House, task: str, arguments: list[str]) -> None:
    """Given a job whose turn is a message that these workers do not know, I expect them to drop it, and the
    sweep to give the job its turn again."""
    ann = house.person()
    house.kill(*MAKERS)
    shown = ann.ask(f"/image a letter for {task} {len(arguments)}")
    job = ann.job_when(shown, lambda job: job.state is State.QUEUED)
    house.client.delete(*house.client.scan_iter("img*", _type="list"))
    house.send(task, [job.id, *arguments], Lane.IMG)
    house.start(*MAKERS)
    ann.result(shown)
    house.check()
    assert [name for name in house.redis if not house.program(name).alive] == []
