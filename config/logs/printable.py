"""Texts of others made fit for a terminal: what would move its cursor, colour it or turn its lines is shown.

A name, a prompt or a provider's message may hold an escape sequence, a line feed before what looks like a
line of ours, or a mark that turns the reading direction. Pure.
"""

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what is no sign of its own: controls, formats, lone surrogates, line separators."""
_JOINERS = frozenset("\u200c\u200d")
"""Formats that move nothing, and that emoji and some scripts are written with."""


def printable(text: str, keep: str = "") -> str:
    """Return the text in one line, each control character in it as its escape sequence: `\\x1b`, `\\n`.

    Args:
        text: What somebody else wrote.
        keep: Control characters that stay as they are, such as a table's own line feeds.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_plain(char) or char in keep else _escaped(char) for char in text)


def in_lines(error: object) -> str:
    """Return what an error says, as a command tells it on its way out: its own lines, nothing else obeyed."""
    return printable(str(error), keep="\n")


def quoted(text: str, before: str = "  | ") -> str:
    """Return a text of several lines, each behind a mark, so that none can be taken for a line of the log."""
    return "\n".join(before + printable(line, keep="\t") for line in text.split("\n"))


def _is_plain(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _UNSEEN


def _escaped(char: str) -> str:
    if short := _SHORT.get(char):
        return short
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
