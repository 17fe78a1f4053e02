"""The rules in a prompt filter's file: words and expressions that no prompt may have. Pure."""

import re
import unicodedata
from collections.abc import Sequence

MARKS = 30
"""Most marks on one letter, as in Unicode's stream-safe text; no language has so many. Others are ignored."""


def parse(text: str) -> list["re.Pattern[str]"]:
    """Read the rules of a filter file, one a line. Empty lines and lines that begin with # are ignored.

    `/.../` is a regular expression, which is searched for anywhere in the prompt. Any other line is one or
    more words, which match as whole words. Case is ignored. Raises ValueError that names the line.
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
    """Return a text without disguises that hide a word from the rules.

    These are other letter forms, invisible characters, runs of white space, and more marks on one letter than
    any script has.
    """
    visible = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", _with_few_marks(text))
        if unicodedata.category(letter) != "Cf"
    )
    return " ".join(visible.split())


def _with_few_marks(text: str) -> str:
    """Return a text without the marks of a letter beyond the first MARKS.

    The time to sort the marks of one letter grows with the square of their number.
    """
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MARKS:
            kept.append(letter)
    return "".join(kept)


def hits(rules: Sequence["re.Pattern[str]"], prompt: str) -> bool:
    """Return whether a rule forbids the prompt."""
    seen = plain(prompt)
    folded = seen.casefold()
    return any(rule.search(seen) or rule.search(folded) for rule in rules)
