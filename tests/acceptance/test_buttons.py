"""The buttons: Cancel while it runs; Again, Variation and Animate under a result."""

import httpx

from jobs.states import State
from sandbox.stack import Stack

from .person import Person, buttons_of, eventually, text_of


def test_cancel_stops_the_provider(stack: Stack, ann: Person) -> None:
    """Cancel ends the prediction too; the message says so once, and nothing comes after it."""
    stack.provider.hold()
    shown = ann.ask("/image a castle made of sand")
    ann.prediction("a castle made of sand")
    assert ann.press(shown, "Cancel")["text"] == "Cancelling…"
    shown = ann.see(shown, lambda each: text_of(each) == "Cancelled.")
    assert buttons_of(shown) == ["Again"]
    job = ann.job_when(shown, lambda job: job.told)
    assert job.state is State.CANCELLED
    assert not job.file_id
    assert eventually(lambda: ann.prediction("a castle made of sand")["status"] == "canceled")
    assert len(ann.told()) == 1
    assert text_of(ann.ask("/jobs")).startswith("I am making nothing for you right now.")


def test_a_cancelled_job_can_be_asked_for_again(stack: Stack, ann: Person) -> None:
    """Again under the end of a job makes it anew."""
    stack.provider.hold()
    shown = ann.ask("/image a paper boat")
    ann.prediction("a paper boat")
    ann.press(shown, "Cancel")
    shown = ann.see(shown, lambda each: text_of(each) == "Cancelled.")
    stack.provider.release()
    again = ann.result(ann.press_for_more(shown, "Again"))
    assert text_of(again).startswith("a paper boat\n\n")
    assert [text_of(each) for each in ann.told()] == ["Cancelled.", text_of(again)]


def test_only_the_owner_may_cancel(stack: Stack, ann: Person) -> None:
    """In a group everybody sees the button; for others it does nothing but say why."""
    stack.provider.hold()
    zoe = Person(stack, "Zoe")
    group = stack.telegram.new_group("Painters", [ann.id, zoe.id])
    shown = ann.ask("/image a quiet harbour", group)
    prediction = ann.prediction("a quiet harbour")
    answer = zoe.press(shown, "Cancel")
    assert answer["text"] == "Only the person who asked for this can cancel it."
    assert answer["show_alert"]
    stack.provider.release(str(prediction["id"]))
    shown = ann.result(shown)
    assert shown["media"]["kind"] == "photo"
    assert ann.answered_once(shown)


def test_again_and_variation(ann: Person) -> None:
    """Again draws another seed for the same words; Variation keeps the seed and adds to the words."""
    shown = ann.make("/image an owl on a branch")
    first = ann.job(shown).request
    again, varied = ann.press_for_more(shown, "Again"), ann.press_for_more(shown, "Variation")
    again, varied = ann.result(again), ann.result(varied)
    request = ann.job(again).request
    assert request.prompt == first.prompt
    assert request.seed != first.seed
    request = ann.job(varied).request
    assert request.prompt.startswith("an owl on a branch, ")
    assert request.seed == first.seed
    pictures = [ann.bytes_of(each) for each in (shown, again, varied)]
    assert len(set(pictures)) == 3


def test_animate_starts_from_this_very_picture(stack: Stack, ann: Person) -> None:
    """The provider is given the picture's own bytes to start the video from."""
    shown = ann.make("/image a hot air balloon")
    clip = ann.result(ann.press_for_more(shown, "Animate"))
    assert clip["media"]["kind"] == "video"
    assert ann.bytes_of(clip)[4:8] == b"ftyp"
    (asked,) = [each for each in ann.predictions("a hot air balloon") if "image" in each["input"]]
    (sent,) = [each for each in stack.provider.files() if each["urls"]["get"] == asked["input"]["image"]]
    download = httpx.get(sent["download"], trust_env=False)
    assert download.content == ann.bytes_of(shown)
