"""Chats of several kinds: other languages, groups, lists, long jobs, refusals, files of another kind."""

import time

from bench.chaos.histories import is_end
from sandbox.stack import Stack

from .person import Person, answers, buttons_of, eventually, text_of


def test_a_russian_is_answered_in_russian(stack: Stack) -> None:
    """Status, caption and buttons are in the language of the user's Telegram."""
    olga = Person(stack, "Ольга", "ru")
    stack.provider.hold()
    shown = olga.ask("/image рыжая лиса на снегу")
    assert buttons_of(shown) == ["Отменить"]
    prediction = olga.prediction("рыжая лиса на снегу")
    stack.provider.progress(prediction["id"], 0.5)
    olga.see(shown, lambda each: text_of(each) == "Рисую: 50 %")
    stack.provider.release()
    shown = olga.result(shown)
    assert text_of(shown).startswith("рыжая лиса на снегу\n\n")
    assert text_of(shown).endswith("набросок, не ИИ")
    assert buttons_of(shown) == ["Ещё раз", "Вариация", "Оживить"]


def test_a_group(stack: Stack, ann: Person) -> None:
    """A command makes a picture in the group, as an answer to who asked; other talk is none of the bot's."""
    zoe = Person(stack, "Zoe")
    group = stack.telegram.new_group("Painters", [ann.id, zoe.id])
    talk = stack.telegram.send(zoe.id, "what a lovely day", group)
    shown = ann.result(ann.ask("/image a field of poppies", group))
    assert shown["chat"]["id"] == group
    assert ann.answered_once(shown)
    assert not [each for each in ann.told(group) if answers(talk)(each)]
    assert ann.told() == []


def test_an_answer_to_a_result_goes_on_from_it(ann: Person) -> None:
    """A reply to a picture adds its words to the picture's."""
    shown = ann.make("/image a wooden bridge")
    more = ann.result(ann.ask("at sunset", reply_to=shown))
    assert text_of(more).startswith("a wooden bridge, at sunset\n\n")


def test_jobs_and_history(stack: Stack, ann: Person) -> None:
    """/jobs lists what is being made, /history what was made and shows it again without a new job."""
    stack.provider.hold()
    first, second = ann.ask("/image a windmill"), ann.ask("/video a river")
    ann.prediction("a windmill")
    ann.prediction("a river")
    listed = ann.ask("/jobs")
    assert text_of(listed).startswith("2 jobs on their way:\n1. a windmill\n")
    assert "2. a river" in text_of(listed)
    assert buttons_of(listed) == ["Cancel 1", "Cancel 2"]
    stack.provider.release()
    first, second = ann.result(first), ann.result(second)
    for each in (first, second):
        ann.job_when(each, lambda job: job.file_id)

    past = ann.ask("/history")
    assert "1. 🎬 a river\n2. 🖼 a windmill" in text_of(past)
    copy = ann.press_for_more(past, "2")
    assert copy["media"]["file_id"] == first["media"]["file_id"]
    assert len(ann.predictions("a windmill")) == 1


def test_only_long_jobs_ring(stack: Stack, ann: Person) -> None:
    """Edits ring nobody's phone, so a job longer than READY_AFTER_S is followed by a short reply."""
    stack.provider.hold()
    long = ann.ask("/image a glacier")
    job = ann.job_when(long, lambda job: job.prediction)
    ring_after = stack.settings.ready_after_s
    eventually(lambda: time.time() - job.stamps["accepted"] > ring_after)
    stack.provider.release()
    long = ann.result(long)
    ring = stack.telegram.wait_message(ann.id, answers(long))
    assert text_of(ring) == "Your picture is ready."

    short = ann.make("/image a pebble")
    took = ann.job_when(short, lambda job: job.told).seconds("accepted", "delivered") or 0.0
    # A machine may be so busy that this one rings too.
    if took >= ring_after:
        stack.telegram.wait_message(ann.id, answers(short))
    else:
        ann.make("/image a pebble beside it")
        assert not [each for each in ann.told() if answers(short)(each)]


def test_a_refusal_is_said_in_one_sentence(ann: Person) -> None:
    """What the model's rules do not allow ends in words, not in silence, and the chat keeps one message."""
    shown = ann.ask("/image something nsfw")
    shown = ann.see(shown, lambda each: is_end(text_of(each), buttons_of(each)))
    assert text_of(shown) == "The model's content rules do not allow this one. Try other words."
    assert buttons_of(shown) == [], "the same words would be refused again"
    assert len(ann.told()) == 1


def test_a_picture_that_is_no_photo_for_telegram_comes_as_a_file(stack: Stack, ann: Person) -> None:
    """Telegram refuses some pictures as photos; the same bytes then come as a document."""
    stack.telegram.fault(
        "400", method="editMessageMedia", chat=ann.id, description="Bad Request: PHOTO_INVALID_DIMENSIONS"
    )
    shown = ann.make("/image a very long train")
    assert shown["media"]["kind"] == "document"
    assert ann.bytes_of(shown).startswith(b"\x89PNG")
    assert text_of(shown).startswith("a very long train\n\n")
    assert ann.answered_once(shown)
    assert len(ann.predictions("a very long train")) == 1
