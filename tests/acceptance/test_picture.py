"""What a person gets who asks for a picture or a video."""

import io
import re
from functools import partial

import pytest
from PIL import Image

from jobs.states import State
from sandbox.stack import Stack

from .person import Person, buttons_of, says, text_of, versions


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height by the bytes."""
    with Image.open(io.BytesIO(picture)) as opened:
        return opened.size


def test_a_picture_grows_in_one_message(stack: Stack, ann: Person) -> None:
    """Ann asks, sees one message go from its place in the queue over the percentages to the picture."""
    stack.provider.hold()
    shown = ann.ask("/image a red fox in the snow")
    assert buttons_of(shown) == ["Cancel"]
    prediction = ann.prediction("a red fox in the snow")["id"]
    for percent in (25, 75):
        stack.provider.progress(prediction, percent / 100)
        shown = ann.see(shown, partial(says, f"Drawing {percent} %"))
        assert buttons_of(shown) == ["Cancel"]
    stack.provider.release()
    shown = ann.result(shown)

    assert shown["media"]["kind"] == "photo"
    assert re.fullmatch(
        r"a red fox in the snow\n\nSketch · seed \d+ · \d+ s · sketch, not AI", shown["caption"]
    )
    assert buttons_of(shown) == ["Again", "Variation", "Animate"]
    assert size_of(ann.bytes_of(shown)) == (256, 256)
    first, *between, last = versions(shown)
    assert re.fullmatch(r"Queued #1, about \d+ s|Starting…", first)
    assert [text for text in between if not text.startswith("Drawing")] == []
    assert last == shown["caption"]
    assert ann.answered_once(shown)


def test_the_ledger_remembers_what_telegram_has(ann: Person) -> None:
    """A result is kept by Telegram's file_id, and was paid for once."""
    shown = ann.make("/image a lighthouse in the fog")
    job = ann.job_when(shown, lambda job: job.state is State.DELIVERED)
    assert job.file_id == shown["media"]["file_id"]
    assert len(ann.predictions("a lighthouse in the fog")) == 1
    order = ["accepted", "claimed", "submitting", "running", "storing", "stored", "delivering", "delivered"]
    assert sorted(order, key=lambda state: job.stamps[state]) == order


def test_a_video(ann: Person) -> None:
    """/video makes a clip that plays, with its own buttons."""
    shown = ann.make("/video waves at night")
    assert shown["media"]["kind"] == "video"
    assert ann.bytes_of(shown)[4:8] == b"ftyp"
    assert text_of(shown).startswith("waves at night\n\nMotion · ")
    assert buttons_of(shown) == ["Again", "Variation"]
    assert ann.answered_once(shown)


def test_plain_words_are_a_picture(ann: Person) -> None:
    """No command is needed."""
    shown = ann.make("three sailing boats")
    assert shown["media"]["kind"] == "photo"
    assert text_of(shown).startswith("three sailing boats\n\n")


@pytest.mark.parametrize(("ratio", "wanted"), [("16:9", 16 / 9), ("2:3", 2 / 3)])
def test_the_aspect_ratio_is_that_of_the_picture(ann: Person, ratio: str, wanted: float) -> None:
    """`--ar` shapes the file itself; the caption has the prompt without it."""
    shown = ann.make(f"/image a mountain lake --ar {ratio}")
    width, height = size_of(ann.bytes_of(shown))
    assert width / height == pytest.approx(wanted, rel=0.03)
    assert text_of(shown).startswith("a mountain lake\n\n")


def test_a_seed_gives_the_same_picture_again(ann: Person) -> None:
    """The same words and seed give the same bytes, another seed gives others."""
    shown = [ann.ask(f"/image a sleepy village --seed {seed}") for seed in (42, 42, 43)]
    one, same, other = (ann.bytes_of(ann.result(each)) for each in shown)
    assert one == same
    assert one != other
    assert "seed 42" in text_of(ann.result(shown[0]))


def test_a_chosen_ratio_lasts(ann: Person) -> None:
    """What is chosen in /settings shapes the next picture, and an option of its own goes before it."""
    list_ = ann.ask("/settings")
    ann.press(list_, "Picture ratio: Default")
    ann.see(list_, lambda each: "16:9" in buttons_of(each))
    assert ann.press(list_, "16:9")["text"] == "Saved."
    ann.see(list_, lambda each: "Picture ratio: 16:9" in buttons_of(each))

    wide, narrow = ann.ask("/image a wide desert"), ann.ask("/image a tall tower --ar 9:16")
    width, height = size_of(ann.bytes_of(ann.result(wide)))
    assert width / height == pytest.approx(16 / 9, rel=0.03)
    width, height = size_of(ann.bytes_of(ann.result(narrow)))
    assert width / height == pytest.approx(9 / 16, rel=0.03)
