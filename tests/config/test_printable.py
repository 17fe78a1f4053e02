"""Texts of others on a terminal: they are shown, and control nothing."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.logs.printable import in_lines, printable, quoted
from config.settings import ROOT

HOSTILE = st.text(
    st.one_of(
        st.characters(exclude_categories=[]),
        st.sampled_from("\x1b\x07\r\n\t\x7f\x9b\u202e\u2066\u200f\u2028\ufeff\U000e0041"),
    ),
    max_size=60,
)
CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def controls(text: str) -> set[str]:
    """The characters of a text that a terminal obeys or that turn the reading direction."""
    return {char for char in text if unicodedata.category(char) in CONTROLS} - set("\u200c\u200d")


@given(HOSTILE)
def test_no_control_character_is_left(text: str) -> None:
    """Given any text, I expect one line of what can be seen, which any terminal can be sent."""
    shown = printable(text)
    assert not controls(shown)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(HOSTILE)
def test_no_line_of_a_quotation_begins_like_ours(text: str) -> None:
    shown = quoted(text)
    assert controls(shown) <= {"\n", "\t"}
    assert all(line.startswith("  | ") for line in shown.split("\n"))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"])))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_escapes_say_what_was_there() -> None:
    assert printable("a\x1b[2Jb\x07\n\u202e\U000e0041\ud800") == "a\\x1b[2Jb\\x07\\n\\u202e\\U000e0041\\ud800"
    assert printable("one\ntwo\r", keep="\n") == "one\ntwo\\r"
    assert printable("👨‍👩‍👧 привет") == "👨‍👩‍👧 привет"


def test_an_error_keeps_its_own_lines() -> None:
    assert in_lines(ValueError("one\ntwo\x1b[2J\r")) == "one\ntwo\\x1b[2J\\r"


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "bot"],
        ["-m", "monitoring.job", "fox"],
        ["-m", "monitoring.exporter"],
        ["-m", "deploy.health.worker"],
        ["-c", "import celeryconfig"],
        ["-c", "import flowerconfig"],
    ],
)
def test_a_command_that_ends_in_an_error_says_it_in_plain_text(tmp_path: Path, command: list[str]) -> None:
    """Given an .env that cannot be read, under a name that would clear the screen, I expect each command to
    tell of it without a control character but its own line feeds."""
    unreadable = tmp_path / "\x1b[2J\x07env"
    unreadable.mkdir()
    ended = subprocess.run(
        [sys.executable, *command],
        env={"PATH": os.environ["PATH"], "ENV_FILE": str(unreadable)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode != 0
    assert "\\x1b[2J\\x07env" in ended.stderr
    assert controls(ended.stderr) <= {"\n"}
