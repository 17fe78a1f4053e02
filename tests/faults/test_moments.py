"""Processes that die at one very moment: between two calls that cannot be made as one."""

import pytest
from acceptance.person import buttons_of, text_of

from jobs.failures import Failure
from jobs.states import State

from .house import GIVERS, MAKERS, House
from .trap import Deed, Trap, word

pytestmark = pytest.mark.faults

CREATE = rb"POST /v1/\S*predictions HTTP"


def test_3_a_worker_is_killed_between_the_submission_and_the_saved_id(house: House) -> None:
    """Given a submission that was accepted, when its worker gets SIGKILL with the prediction's id still in
    hand, I expect the prediction to be found by looking, and never a second one."""
    ann = house.person()
    trap = house.set(Trap(word("running")), MAKERS)
    shown = ann.ask("/image a message in a bottle")
    victim = house.name_of(trap.wait())
    job = ann.job_when(shown, lambda job: job.state is State.SUBMITTING)
    assert (job.prediction, house.stack.provider.total("a message in a bottle")) == ("", 1)
    house.kill(victim)
    house.redis[victim].reset()
    ann.result(shown)
    (job,) = house.check()
    assert "unknown" in job.stamps
    assert job.prediction == ann.prediction("a message in a bottle")["id"]


def test_3_a_worker_is_killed_before_the_submission_arrives(house: House) -> None:
    """Given a worker that gets SIGKILL while its submission is on the way, and a provider that never gets it,
    I expect one clear message after the grace period, the token back, and no second submission."""
    ann = house.person()
    trap = house.provider.set(Trap(CREATE))
    shown = ann.ask("/image a letter never sent")
    trap.wait()
    job = ann.job_when(shown, lambda job: job.state is State.SUBMITTING)
    house.kill(house.holder(job))
    house.provider.reset()
    house.provider.heal()
    given_back = house.count("tokens_given_back")
    ended = ann.see(shown, lambda each: buttons_of(each) == ["Again"])
    assert text_of(ended).startswith("The connection broke at a bad moment and the result never came.")
    assert text_of(ended).endswith("This request was not counted.")
    (job,) = house.check()
    assert job.failure is Failure.UNKNOWN_OUTCOME
    assert house.stack.provider.total("a letter never sent") == 0
    assert house.count("tokens_given_back") == given_back + 1


@pytest.mark.parametrize("how", ["the line goes dead", "no answer in time"])
def test_4_a_submission_is_accepted_and_its_answer_lost(house: House, how: str) -> None:
    """Given a provider that has accepted and an answer that is lost, I expect the job found by looking."""
    ann = house.person()
    prompt = f"a lost answer, {how}"
    if how == "no answer in time":
        house.provider.set(Trap(CREATE, Deed.HOLD_ANSWER))
    else:
        house.stack.provider.fault("drop_answer", "create", match=prompt)
    shown = ann.ask(f"/image {prompt}")
    ann.result(shown)
    (job,) = house.check()
    assert "unknown" in job.stamps
    assert job.crashes == 0


def test_5_a_worker_is_killed_after_it_has_stored_and_before_it_has_delivered(house: House) -> None:
    """Given a stored picture, when its worker gets SIGKILL before anybody is asked to deliver it, I expect it
    to be delivered, and not to be made again."""
    ann = house.person()
    trap = house.set(Trap(rb"LPUSH\r\n\$\d+\r\ndeliver"), MAKERS)
    shown = ann.ask("/image a finished jigsaw")
    victim = house.name_of(trap.wait())
    house.kill(victim)
    house.redis[victim].reset()
    ann.result(shown)
    (job,) = house.check()
    assert ann.prediction("a finished jigsaw")["id"] == job.prediction


def test_6_a_delivery_dies_before_the_ledger_knows_of_it(house: House) -> None:
    """Given a chat that shows its picture already, when the delivering worker gets SIGKILL before the ledger
    hears of it, I expect the picture to stay the only one."""
    ann = house.person()
    trap = house.set(Trap(word("delivered")), GIVERS)
    shown = ann.ask("/image a parcel on the doorstep")
    victim = house.name_of(trap.wait())
    shown = ann.result(shown)
    job = ann.job(shown)
    assert job.state is State.DELIVERING
    house.kill(victim)
    house.redis[victim].reset()
    house.job_when(job.id, lambda job: job.state is State.DELIVERED)
    (job,) = house.check()
    assert [each["message_id"] for each in ann.told()] == [shown["message_id"]]


def test_6_a_picture_that_was_sent_anew_is_not_sent_again(house: House) -> None:
    """Given a person who has deleted the status message, and a worker that gets SIGKILL right after it sent
    the picture as a message of its own, I expect no second one: nobody could take it back."""
    ann = house.person()
    shown, job = house.running(ann, "a sandcastle")
    house.stack.telegram.delete(ann.id, shown["message_id"])
    trap = house.set(Trap(rb"darkroom:message:"), GIVERS)
    house.stack.provider.release()
    victim = house.name_of(trap.wait())
    house.kill(victim)
    house.redis[victim].reset()
    house.job_when(job.id, lambda job: job.state is State.DELIVERED)
    house.check()
    assert len([each for each in ann.told() if each["media"]]) == 1
