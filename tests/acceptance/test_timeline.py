"""`python -m sandbox --once TEXT --out DIR`: one message through a stack of its own."""

import re

import pytest

from .commands import Once

TIMELINE = ["accepted", "queued", "claimed", "submitted", "done", "stored", "delivered"]


@pytest.mark.parametrize(
    ("name", "ending", "head"), [("image", "png", b"\x89PNG\r\n\x1a\n"), ("video", "mp4", b"ftyp")]
)
def test_once(once: dict[str, Once], name: str, ending: str, head: bytes) -> None:
    """It prints the timeline in order, writes the file, and exits 0."""
    code, said = once[name].outcome()
    assert code == 0, said
    moments = re.findall(r"^  (\w+) +\d\d:\d\d:\d\d\.\d{3}  \+(\d+\.\d{3}) s$", said, re.MULTILINE)
    assert [moment for moment, _ in moments] == TIMELINE
    seconds = [float(passed) for _, passed in moments]
    assert seconds == sorted(seconds)
    (file,) = once[name].folder.iterdir()
    assert file.suffix == f".{ending}"
    assert head in file.read_bytes()[:12]
    assert str(file) in said


def test_without_a_prompt(once: dict[str, Once]) -> None:
    """A text that makes no job shows the bot's helpful answer, writes nothing, and exits 3."""
    code, said = once["nothing"].outcome()
    assert code == 3, said
    assert "What shall I make? Write it in a few words, for example:" in said
    assert list(once["nothing"].folder.iterdir()) == []
