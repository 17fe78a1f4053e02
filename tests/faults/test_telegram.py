"""Telegram asks to wait, fails, hangs up after it has done what was asked; chats close, vanish and move."""

import time
from collections.abc import Iterator

import pytest
from acceptance.person import Message, Person, buttons_of, eventually, text_of

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from sandbox.stack import Stack

from .invariants import assert_invariants
from .stage import calm, staged

pytestmark = pytest.mark.faults

SLOTS = "2"
"""Deliveries at a time: so few that chats which must wait would soon hold all of them."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with staged(("bot", "worker-image"), {"LEASE_S": "3"}) as started:
        line = f"env WORKER_SLOTS={SLOTS} celery -A tasks worker -Q deliver -n deliver@%h --without-mingle"
        started.add("deliver", line).start()
        yield started


@pytest.fixture
def ann(stack: Stack) -> Iterator[Person]:
    """Somebody new, whose test leaves no fault behind."""
    yield Person(stack)
    calm(stack)


def held(person: Person, prompt: str, chat: int | None = None) -> Message:
    """A job that the provider is working on, and does not end."""
    person.stack.provider.hold()
    shown = person.ask(f"/image {prompt}", chat)
    person.job_when(shown, lambda job: job.state is State.RUNNING and job.message)
    return shown


def media_of(person: Person, chat: int | None = None) -> list[Message]:
    """The pictures that a chat holds."""
    return [each for each in person.told(chat) if each["media"]]


def job_of(person: Person) -> Job:
    """The one job of somebody who has asked once."""
    (job,) = person.stack.users.history(person.id, 5)
    return job


def told(person: Person, out_of_reach: int = 0) -> Job:
    """The job of somebody who has asked once, when nothing is owed of it any more and the invariants hold.

    `out_of_reach`: status messages that could not be edited any more.
    """
    eventually(lambda: job_of(person).told)
    job = job_of(person)
    assert_invariants(person.stack, [job.origin.chat], orphans=out_of_reach)
    return job


def test_a_chat_that_must_wait_holds_up_nobody_else(stack: Stack, ann: Person) -> None:
    """Given more results for one chat than there are delivery slots, and Telegram's "retry after 6" for it,
    I expect another chat's result at once, and that chat's own when the time is over, each once."""
    late = [held(ann, f"a slow snail {number}") for number in range(int(SLOTS) + 2)]
    stack.telegram.fault("429", method="editMessageMedia", chat=ann.id, times=int(SLOTS), retry_after=6)
    stack.provider.release()
    eventually(lambda: stack.telegram.calls("editMessageMedia", ann.id)["refused"].get("429"))
    refused = time.monotonic()

    bob = Person(stack, "Bob")
    bob.make("/image a quick hare")
    assert not media_of(ann)

    for each in late:
        assert ann.answered_once(ann.result(each))
    assert time.monotonic() - refused > 5
    assert_invariants(stack, [ann.id, bob.id])
    calls = stack.telegram.calls("editMessageMedia", ann.id)["calls"]
    assert sum(call["ok"] for call in calls) == len(late)


@pytest.mark.parametrize(("kind", "times"), [("500", 3), ("502", 1), ("reset", 3), ("drop_answer", 3)])
def test_an_edit_is_repeated_until_it_is_there(stack: Stack, ann: Person, kind: str, times: int) -> None:
    """Given a result whose edit fails, or is done and not answered, I expect it to be made again: the same
    edit twice changes nothing, so the chat has the one result and the ledger knows it."""
    shown = held(ann, f"a stubborn mule {kind}")
    stack.telegram.fault(kind, method="editMessageMedia", chat=ann.id, times=times)
    stack.provider.release()
    shown = ann.result(shown)
    assert told(ann).state is State.DELIVERED
    assert len(ann.told()) == 1


def test_an_end_is_told_through_troubles_too(stack: Stack, ann: Person) -> None:
    """Given a failed job, and edits that fail or go unanswered, I expect its one clear message."""
    shown = held(ann, "a doomed ship")
    stack.telegram.fault("502", method="editMessageText", chat=ann.id, times=2)
    stack.telegram.fault("drop_answer", method="editMessageText", chat=ann.id)
    stack.provider.finish(job_of(ann).prediction, "failed", error="Prediction failed: out of paint.")
    assert told(ann).failure is Failure.PROVIDER_FAILED
    (only,) = ann.told()
    assert only["message_id"] == shown["message_id"]
    assert text_of(only).startswith("The model stopped with an error.")


def without_message(person: Person, prompt: str) -> None:
    """A job in hand, whose status message the person deletes."""
    shown = held(person, prompt)
    person.stack.telegram.delete(person.id, shown["message_id"])


def test_a_result_in_place_of_a_deleted_message(stack: Stack, ann: Person) -> None:
    """Given a status message that is gone, I expect the result as a message of its own, once."""
    without_message(ann, "a lost glove")
    stack.provider.release()
    assert told(ann).state is State.DELIVERED
    assert len(media_of(ann)) == 1


@pytest.mark.parametrize("kind", ["drop_answer", "reset", "500", "502", "429"])
def test_trouble_with_the_message_in_place_of_a_deleted_one(stack: Stack, ann: Person, kind: str) -> None:
    """Given a status message that is gone, and one in its place that fails or that nobody can tell about, I
    expect the result once, where the last one stands."""
    without_message(ann, f"a lost umbrella {kind}")
    stack.telegram.fault(kind, method="sendMessage", chat=ann.id, text="is ready", retry_after=1)
    stack.provider.release()
    assert told(ann).state is State.DELIVERED
    assert len(media_of(ann)) == 1
    doubled = ["Your picture is ready."] if kind == "drop_answer" else []
    assert [text_of(each) for each in ann.told() if not each["media"]] == doubled


def without_message_or_words(person: Person, prompt: str) -> None:
    """The same in a chat that takes no message that says that the result comes."""
    without_message(person, prompt)
    refusal = "Bad Request: NO_WORDS"
    person.stack.telegram.fault(
        "400", method="sendMessage", chat=person.id, text="is ready", times=1000, description=refusal
    )


def test_a_send_whose_answer_is_lost_is_not_repeated(stack: Stack, ann: Person) -> None:
    """Given that Telegram takes the fallback message and hangs up, I expect it there once: at most once is
    what can be promised of a send."""
    without_message_or_words(ann, "an echo")
    stack.telegram.fault("drop_answer", method="sendPhoto", chat=ann.id)
    stack.provider.release()
    assert told(ann).state is State.DELIVERED
    assert len(media_of(ann)) == 1
    assert len(stack.telegram.calls("sendPhoto", ann.id)["calls"]) == 1


def test_a_send_that_may_have_arrived_is_not_repeated(stack: Stack, ann: Person) -> None:
    """Given a connection that breaks in the middle of the fallback, nobody can tell whether it arrived: it
    is not sent again, the job ends, and Ann is told that she may ask again; which is not paid for."""
    without_message_or_words(ann, "a letter in the sea")
    stack.telegram.fault("reset", method="sendPhoto", chat=ann.id)
    stack.provider.release()
    eventually(lambda: job_of(ann).told)
    assert job_of(ann).state is State.DELIVERED
    assert len(stack.telegram.calls("sendPhoto", ann.id)["calls"]) == 1
    assert [each for each in ann.told() if text_of(each).endswith("ask for it again.")]
    ann.make("/image a letter in the sea")
    assert stack.provider.total("a letter in the sea") == 1


@pytest.mark.parametrize(("kind", "times"), [("500", 2), ("502", 1), ("429", 2)])
def test_a_send_that_was_refused_is_made_again(stack: Stack, ann: Person, kind: str, times: int) -> None:
    """Given that Telegram says of the fallback that nothing was done, I expect it to be sent later, once."""
    without_message_or_words(ann, f"a patient pilgrim {kind}")
    stack.telegram.fault(kind, method="sendPhoto", chat=ann.id, times=times, retry_after=1)
    stack.provider.release()
    assert told(ann).state is State.DELIVERED
    assert len(media_of(ann)) == 1
    assert len(stack.telegram.calls("sendPhoto", ann.id)["calls"]) == times + 1


@pytest.mark.parametrize("kind", ["500", "drop_answer"])
def test_the_end_in_place_of_a_deleted_message(stack: Stack, ann: Person, kind: str) -> None:
    """Given a failed job whose message is gone, I expect the reason in a new one, once, come what may. A
    message that nobody can tell about says no more than that there is no result."""
    without_message(ann, f"a torn sail {kind}")
    stack.telegram.fault(kind, method="sendMessage", chat=ann.id)
    stack.provider.finish(job_of(ann).prediction, "failed", error="Prediction failed: out of paint.")
    assert told(ann).failure is Failure.PROVIDER_FAILED
    said = ["The model stopped with an error"]
    if kind == "drop_answer":
        said.insert(0, "Your request could not be fulfilled")
    assert [text_of(each).partition(".")[0] for each in ann.told()] == said


@pytest.mark.parametrize(
    ("kind", "description"),
    [("403", "Forbidden: user is deactivated"), ("400", "Bad Request: chat not found")],
)
def test_a_chat_that_is_gone(stack: Stack, ann: Person, kind: str, description: str) -> None:
    """Given a chat that is gone for good, I expect the job to end at the first try, and others unharmed."""
    held(ann, f"a ghost {kind}")
    stack.telegram.fault(kind, method="editMessageMedia", chat=ann.id, times=1000, description=description)
    stack.provider.release()
    assert told(ann, out_of_reach=1).failure is Failure.UNREACHABLE
    assert len(stack.telegram.calls("editMessageMedia", ann.id)["calls"]) == 1
    Person(stack, "Bob").make("/image a neighbour")


def test_somebody_blocks_the_bot(stack: Stack, ann: Person) -> None:
    """Given somebody who blocks the bot while it works, I expect the job to end and nothing to be sent, now
    or when they come back; a new request then works."""
    held(ann, "a closed door")
    stack.telegram.block(ann.id)
    stack.provider.release()
    assert told(ann, out_of_reach=1).failure is Failure.UNREACHABLE
    stack.telegram.block(ann.id, blocked=False)
    shown = ann.make("/image an open door")
    assert [text_of(each).partition("\n")[0] for each in media_of(ann)] == ["an open door"]
    assert buttons_of(shown)


def test_a_group_that_becomes_a_supergroup(stack: Stack, ann: Person) -> None:
    """Given a group that moves to a new id while its job is made, I expect the result there, once, promptly,
    and as an answer to nobody's message: those of the old group are not known there."""
    group = stack.telegram.new_group("Painters", [ann.id], "group")
    held(ann, "a caravan", group)
    moved = stack.telegram.migrate(group)
    stack.telegram.send(ann.id, "so here we are", moved)
    stack.provider.release()
    job = told(ann)
    assert job.state is State.DELIVERED
    assert job.origin.chat == moved
    assert (job.seconds("stored", "delivered") or 0) < 3
    (shown,) = media_of(ann, moved)
    assert "reply_to_message" not in shown
    assert not media_of(ann, group)


def test_a_group_that_moves_and_throttles(stack: Stack, ann: Person) -> None:
    """Given a moved group where Telegram also fails the first send, I expect the one result."""
    group = stack.telegram.new_group("Painters", [ann.id], "group")
    held(ann, "a second caravan", group)
    moved = stack.telegram.migrate(group)
    stack.telegram.fault("500", method="sendMessage", chat=moved, times=2)
    stack.provider.release()
    job = told(ann)
    assert job.state is State.DELIVERED
    assert len(media_of(ann, moved)) == 1
