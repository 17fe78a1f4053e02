"""The rules of a prompt filter's file: words and expressions that no prompt may have. Pure."""

import re
import unicodedata
from collections.abc import Sequence

MARKS = 30
"""Marks on one letter that count, as in Unicode's stream-safe text; no language has so many."""


def parse(text: str) -> list["re.Pattern[str]"]:
    """The rules of a filter file, one a line; empty lines and those that begin with # do not count.

    `/.../` is a regular expression that is looked for anywhere; anything else is a word, or several, that
    must stand in the prompt as whole words. Case makes no difference. Raises ValueError that names the line.
    """
    rules, words = [], []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        if len(line) > 2 and line.startswith("/") and line.endswith("/"):
            try:
                rules.append(re.compile(line[1:-1], re.IGNORECASE))
            except re.error as error:
                raise ValueError(f"line {number}: {line} is not a regular expression ({error})") from error
        else:
            words.append(re.escape(plain(line).casefold()))
    if words:
        rules.append(re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)"))
    return rules


def plain(text: str) -> str:
    """Text without what only hides a word in it: letter forms, invisible characters, runs of white space,
    and more marks on one letter than any script has."""
    visible = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", _with_few_marks(text))
        if unicodedata.category(letter) != "Cf"
    )
    return " ".join(visible.split())


def _with_few_marks(text: str) -> str:
    """Leave out the marks of a letter beyond the first MARKS: to put them into their order takes a time that
    grows with the square of their number."""
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MARKS:
            kept.append(letter)
    return "".join(kept)


def hits(rules: Sequence["re.Pattern[str]"], prompt: str) -> bool:
    """Whether a rule forbids the prompt."""
    seen = plain(prompt)
    folded = seen.casefold()
    return any(rule.search(seen) or rule.search(folded) for rule in rules)
