"""Redis dies, and comes back with what it had written down."""

import time

import pytest
from acceptance.person import eventually, text_of

from .house import AWAY, GIVERS, MAKERS, House, answers_to
from .trap import Deed, Trap, word

pytestmark = pytest.mark.faults

ROUNDS = 12
PAUSE_S = 0.25
SOON_S = 12.0
"""A delivery that waits for a bot that will not come waits for 15 s."""


def test_10_redis_is_killed_under_load_and_restarted(house: House) -> None:
    """Given people who write without a pause, when Redis gets SIGKILL twice and is started again, I expect
    one result for every request that was taken, the honest answer to every other, and nobody to have died.
    """
    people = house.people(6)
    said = []
    house.stack.provider.hold()
    for round_ in range(ROUNDS):
        if round_ in (3, 8):
            house.kill("redis")
        if round_ == 7:
            house.stack.provider.release()
        said += [
            (ann, house.stack.telegram.send(ann.id, f"/image rain on a dam, {round_}, {number}"))
            for number, ann in enumerate(people)
        ]
        if round_ in (0, 5, 10):
            house.start("redis")
        time.sleep(PAUSE_S)
    eventually(lambda: all(answers_to(ann, each) for ann, each in said))
    jobs = house.check()

    taken = {(job.origin.chat, job.origin.reply_to) for job in jobs}
    for ann, each in said:
        if (ann.id, each["message_id"]) not in taken:
            assert [text_of(answer) for answer in answers_to(ann, each)] == [AWAY]
    assert len(taken) > ROUNDS * len(people) / 3
    assert [name for name in house.redis if not house.program(name).alive] == []


def test_10_the_bot_loses_redis_while_it_posts_the_status_message(house: House) -> None:
    """Given a status message that is in the chat when the bot loses Redis, I expect it to be noted as soon as
    Redis is back, and to become the result: not to stay behind as one that waits for ever."""
    ann = house.person()
    trap = house.redis["bot"].set(Trap(rb"darkroom:message:", Deed.RESET, times=4))
    shown = ann.ask("/image a lost umbrella")
    trap.wait(times=4)
    ann.result(shown)
    house.check()
    assert ann.answered_once(shown)


@pytest.mark.parametrize("call", [rb'"look_again"', word("status")], ids=["admission", "mark"])
def test_10_an_answer_of_redis_to_the_bot_is_lost(house: House, call: bytes) -> None:
    """Given a Redis that has done as the bot asked and whose answers are lost, I expect the bot to ask again,
    and to find that it was itself who was there before."""
    ann = house.person()
    trap = house.redis["bot"].set(Trap(call, Deed.LOSE_ANSWER))
    shown = ann.ask(f"/image a lost glove, {len(call)}")
    trap.wait(0)
    ann.result(shown)
    (job,) = house.check()
    assert ann.answered_once(shown)
    assert job.stamps["delivered"] - job.stamps["accepted"] < SOON_S


def test_10_an_answer_of_redis_to_a_delivery_is_lost(house: House) -> None:
    """Given a person who has deleted the status message, and a worker that cannot tell whether the ledger has
    its leave to send the picture anew, I expect the picture to be sent."""
    ann = house.person()
    shown, _ = house.running(ann, "a lost ring")
    house.stack.telegram.delete(ann.id, shown["message_id"])
    # So long (ms) a status message may be on its way: what the script is told that gives this leave.
    trap = house.set(Trap(word("15000"), Deed.LOSE_ANSWER, times=2), GIVERS)
    house.stack.provider.release()
    trap.wait(times=2)
    house.stack.telegram.wait_message(ann.id, lambda each: each["media"])
    house.check()


def test_10_an_answer_of_redis_to_a_claim_is_lost(house: House) -> None:
    """Given a worker whose claim was granted and whose answer was lost, I expect it to have the job all the
    same: no lease that has to lapse first, and no crash that is held against the job."""
    ann = house.person()
    lapsed = house.count("leases_expired")
    trap = house.set(Trap(word("generate"), Deed.LOSE_ANSWER), MAKERS)
    shown = ann.ask("/image a handshake in the fog")
    trap.wait()
    ann.result(shown)
    (job,) = house.check()
    assert job.crashes == 0
    assert house.count("leases_expired") == lapsed
