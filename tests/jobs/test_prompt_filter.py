"""The prompt filter: what a rule catches, what slips by no more, and a file that changes or breaks."""

import os
from pathlib import Path

import pytest

from config.settings import SettingsError
from jobs.prompt_filter import PromptFilter, hits, parse

RULES = """
# what we do not make
gore
Кровь
two  words
/nud(e|ity)\\b/
"""


@pytest.mark.parametrize(
    "prompt",
    [
        "gore",
        "a castle, GORE, and rain",
        "море и КРОВЬ",
        "two words",
        "Two\n words",
        "semi-nude statue",
        "NUDITY",
        "ｇｏｒｅ",  # letters of full width
        "go\u00adre",  # a soft hyphen, which nobody sees
        "кро\u200bвь",  # a space without width
    ],
)
def test_a_rule_catches_its_words_however_they_are_dressed(prompt: str) -> None:
    assert hits(parse(RULES), prompt)


@pytest.mark.parametrize(
    "prompt", ["gored", "the Gorelick house", "кровью", "two good words", "nudes", "# what", ""]
)
def test_other_words_pass(prompt: str) -> None:
    """Words count whole: a part of another word is none."""
    assert not hits(parse(RULES), prompt)


def test_without_a_file_nothing_is_refused() -> None:
    assert not PromptFilter("").refuses("gore")


@pytest.mark.parametrize(
    ("text", "says"),
    [("fine\n/(/\n", r"line 2: /\(/ is not a regular expression"), (None, "it cannot be read")],
)
def test_a_file_that_cannot_be_used_stops_the_start_with_one_sentence(
    tmp_path: Path, text: str | None, says: str
) -> None:
    file = tmp_path / "filter.txt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=rf"^PROMPT_FILTER_FILE: .*filter\.txt: {says}"):
        PromptFilter(str(file))


def write(file: Path, text: str, second: int) -> None:
    """Write the file as at another second, as an editor would."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (second, second))


def test_a_changed_file_is_read_again_and_a_broken_one_keeps_the_old_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "filter.txt"
    write(file, "gore", 1)
    prompts = PromptFilter(str(file))
    assert prompts.refuses("gore")
    write(file, "spam", 2)
    assert prompts.refuses("spam")
    assert not prompts.refuses("gore")
    write(file, "/(/", 3)
    assert prompts.refuses("spam")
    assert prompts.refuses("spam")
    assert capsys.readouterr().out.count("the old rules stay") == 1
    file.unlink()
    assert prompts.refuses("spam")
    write(file, "eggs", 3)
    assert prompts.refuses("eggs")
    assert not prompts.refuses("spam")
